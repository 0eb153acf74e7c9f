// Weights shared by all models of the process that were loaded from the same files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "model/weights.h"

namespace albert::engine {

struct LoadedWeights {
  std::shared_ptr<const model::AlbertWeights> weights;
  std::vector<std::string> warnings;
};

/// Loads, or shares what is loaded already for the same files, kind, configuration and backend.
/// Fresh weights are never shared. Throws Error.
LoadedWeights load_weights(const LoadRequest& request);

}  // namespace albert::engine
