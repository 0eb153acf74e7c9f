// What every backward pass of the model works with.
#pragma once

#include "model/weights.h"

namespace albert::model {

/// An executor, the weights that forward used, and the gradients that are added to (whose tensors
/// lie in the backend's memory).
struct BackwardScope {
  Ops& ops;
  const AlbertWeights& w;
  const AlbertParams& dw;
};

}  // namespace albert::model
