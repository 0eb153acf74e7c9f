// JavaScript object → engine::LoadRequest.
#pragma once

#include "addon/arguments.h"
#include "engine/engine.h"

namespace albert::addon {

/// Reads what load_model takes. Throws Error{kType} and {kRange} that name the field.
engine::LoadRequest read_load_request(const Argument& request);

}  // namespace albert::addon
