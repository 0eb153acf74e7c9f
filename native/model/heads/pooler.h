// The pooler: one vector for a sequence, from its first token.
#pragma once

#include "model/activations.h"
#include "model/weights.h"

namespace albert::model {

/// pooled[b] = tanh(hidden[first row of b] · Wp + bp)
void pooler_forward(Ops& ops, const AlbertWeights& w, const PoolerActivations& a,
                    const Tensor& hidden, const Batch& batch);

}  // namespace albert::model
