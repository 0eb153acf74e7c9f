// Results of a forward pass as JavaScript objects.
#pragma once

#include <napi.h>

#include <vector>

#include "engine/job.h"

namespace albert::addon {

/// { name: { dims, data } }. The arrays share the outputs' memory, which lives as long as they do.
Napi::Object outputs_to_javascript(Napi::Env env, const std::vector<engine::JobOutput>& outputs);

}  // namespace albert::addon
