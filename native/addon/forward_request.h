// Reads the request of a forward pass.
#pragma once

#include "addon/arguments.h"
#include "engine/job.h"

namespace albert::addon {

/// Copies everything, so that JavaScript may change its arrays at once.
engine::JobRequest read_forward_request(const Argument& request);

}  // namespace albert::addon
