// Embedding lookup, norm, dropout and the map from E to H.
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
                          .mean = a.statistics.mean,
                          .rstd = a.statistics.rstd,
                          .x = a.sum,
                          .residual = {},
                          .weight = w.embeddings.norm.weight,
                          .bias = w.embeddings.norm.bias,
                          .epsilon = w.architecture.config.layer_norm_eps,
                          .dropout = {}});
  if (a.dropout.probability > 0) {
    ops.dropout_forward({.y = a.normed, .x = a.normed, .dropout = a.dropout});
  }
  ops.linear_forward({.y = hidden,
                      .preactivation = {},
                      .x = a.normed,
                      .weight = *w.mapping,
                      .activation = Activation::kNone});
}

void embeddings_backward(const BackwardScope& scope, const EmbeddingActivations& a,
                         const Batch& batch, const EmbeddingGradients& d) {
  const auto& [ops, w, dw] = scope;
  ops.linear_backward({.dx = d.normed,
                       .dweight = dw.mapping.weight,
                       .dbias = dw.mapping.bias,
                       .dy = d.hidden,
                       .x = a.normed,
                       .preactivation = {},
                       .weight = *w.mapping,
                       .dresidual = {},
                       .activation = Activation::kNone});
  if (a.dropout.probability > 0) {
    ops.dropout_backward({.dx = d.normed, .dy = d.normed, .dropout = a.dropout});
  }
  ops.layer_norm_backward({.dx = d.normed,
                           .dresidual = {},
                           .dweight = dw.embeddings.norm.weight,
                           .dbias = dw.embeddings.norm.bias,
                           .dy = d.normed,
                           .x = a.sum,
                           .residual = {},
                           .mean = a.statistics.mean,
                           .rstd = a.statistics.rstd,
                           .weight = w.embeddings.norm.weight,
                           .dropout = {}});
  ops.embedding_backward({.dword = dw.embeddings.word,
                          .dsegment = dw.embeddings.segment,
                          .dposition = dw.embeddings.position,
                          .dy = d.normed,
                          .tokens = batch.tokens,
                          .segments = batch.segments,
                          .positions = batch.positions,
                          .padding_token = d.padding_token});
}

}  // namespace albert::model
