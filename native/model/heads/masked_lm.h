// The masked-language-model head: logits over the vocabulary for chosen rows.
#pragma once

#include "model/activations.h"
#include "model/weights.h"

namespace albert::model {

/// t = LayerNorm(act(hidden[rows] · Wt + bt)),  logits = t · wordᵀ + bias, with the word embedding
/// tied. rows: (M) i32. The decoder never sees the other rows.
void masked_lm_forward(Ops& ops, const AlbertWeights& w, const MaskedLMActivations& a,
                       const Tensor& hidden, const Tensor& rows);

}  // namespace albert::model
