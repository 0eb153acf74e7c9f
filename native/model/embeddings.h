// Factorized embeddings: token ids to hidden vectors.
#pragma once

#include "model/activations.h"
#include "model/backward.h"

namespace albert::model {

struct EmbeddingGradients {
  Tensor hidden;          // (T, H): given
  Tensor normed;          // (T, E): of normed, then of the sum
  int32_t padding_token;  // its row of the table learns nothing from lookups; -1 = it does
};

/// hidden = mapping(dropout(LayerNorm(word + segment + position)))   (arXiv 1909.11942 §3.1)
void embeddings_forward(Ops& ops, const AlbertWeights& w, const EmbeddingActivations& a,
                        const Batch& batch, const Tensor& hidden);

/// From d.hidden to the tables.
void embeddings_backward(const BackwardScope& scope, const EmbeddingActivations& a,
                         const Batch& batch, const EmbeddingGradients& d);

}  // namespace albert::model
