// The masked-language-model head: logits over the vocabulary for chosen rows.
#pragma once

#include "model/activations.h"
#include "model/backward.h"

namespace albert::model {

/// t = LayerNorm(act(hidden[rows] · Wt + bt)),  logits = t · wordᵀ + bias, with the word embedding
/// tied. rows: (M) i32. The decoder never sees the other rows.
void masked_lm_forward(Ops& ops, const AlbertWeights& w, const MaskedLMActivations& a,
                       const Tensor& hidden, const Tensor& rows);

struct MaskedLMGradients {
  Tensor logits;  // (M, V): given
  Tensor normed;  // (M, E): of normed, then of the transform
  Tensor rows;    // (M, H)
  Tensor hidden;  // (R, H): added to
};

/// From d.logits to the rows of d.hidden. The tied word embedding gets its share as the decoder's
/// matrix.
void masked_lm_backward(const BackwardScope& scope, const MaskedLMActivations& a,
                        const Tensor& rows, const MaskedLMGradients& d);

}  // namespace albert::model
