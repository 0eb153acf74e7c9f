// Embedding lookup, norm, and the map from E to H.
#include "model/embeddings.h"

namespace albert::model {

void embeddings_forward(Ops& ops, const AlbertWeights& w, const EmbeddingActivations& a,
                        const Batch& batch, const Tensor& hidden) {
  ops.embedding_forward({.y = a.sum,
                         .tokens = batch.tokens,
                         .segments = batch.segments,
                         .positions = batch.positions,
                         .word = w.embeddings.word,
                         .segment = w.embeddings.segment,
                         .position = w.embeddings.position});
  ops.layer_norm_forward({.y = a.normed,
                          .mean = {},
                          .rstd = {},
                          .x = a.sum,
                          .residual = {},
                          .weight = w.embeddings.norm.weight,
                          .bias = w.embeddings.norm.bias,
                          .epsilon = w.architecture.config.layer_norm_eps,
                          .dropout = {}});
  ops.linear_forward({.y = hidden,
                      .preactivation = {},
                      .x = a.normed,
                      .weight = *w.mapping,
                      .activation = Activation::kNone});
}

}  // namespace albert::model
