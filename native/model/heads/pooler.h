// The pooler: one vector for a sequence, from its first token.
#pragma once

#include "model/activations.h"
#include "model/backward.h"

namespace albert::model {

/// pooled[b] = tanh(hidden[first row of b] · Wp + bp)
void pooler_forward(Ops& ops, const AlbertWeights& w, const PoolerActivations& a,
                    const Tensor& hidden, const Batch& batch);

struct PoolerGradients {
  Tensor pooled;  // (B, H): given
  Tensor first;   // (B, H)
  Tensor hidden;  // (R, H): added to
};

/// From d.pooled to the rows of d.hidden that are [CLS].
void pooler_backward(const BackwardScope& scope, const PoolerActivations& a, const Batch& batch,
                     const PoolerGradients& d);

}  // namespace albert::model
