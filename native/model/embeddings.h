// Factorized embeddings: token ids to hidden vectors.
#pragma once

#include "model/activations.h"
#include "model/weights.h"

namespace albert::model {

/// hidden = mapping(LayerNorm(word + segment + position))   (arXiv 1909.11942 §3.1)
void embeddings_forward(Ops& ops, const AlbertWeights& w, const EmbeddingActivations& a,
                        const Batch& batch, const Tensor& hidden);

}  // namespace albert::model
