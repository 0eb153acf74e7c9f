// Transform, norm, tied decoder.
#include "model/heads/masked_lm.h"

namespace albert::model {

void masked_lm_forward(Ops& ops, const AlbertWeights& w, const MaskedLMActivations& a,
                       const Tensor& hidden, const Tensor& rows) {
  const Config& config = w.architecture.config;
  ops.gather_rows_forward({.y = a.rows, .x = hidden, .rows = rows});
  ops.linear_forward({.y = a.transform,
                      .preactivation = a.preactivation,
                      .x = a.rows,
                      .weight = *w.masked_lm.dense,
                      .activation = config.hidden_act});
  ops.layer_norm_forward({.y = a.normed,
                          .mean = a.statistics.mean,
                          .rstd = a.statistics.rstd,
                          .x = a.transform,
                          .residual = {},
                          .weight = w.masked_lm.norm.weight,
                          .bias = w.masked_lm.norm.bias,
                          .epsilon = config.layer_norm_eps,
                          .dropout = {}});
  ops.linear_forward({.y = a.logits,
                      .preactivation = {},
                      .x = a.normed,
                      .weight = *w.masked_lm.decoder,
                      .activation = Activation::kNone});
}

void masked_lm_backward(const BackwardScope& scope, const MaskedLMActivations& a,
                        const Tensor& rows, const MaskedLMGradients& d) {
  const auto& [ops, w, dw] = scope;
  ops.linear_backward({.dx = d.normed,
                       .dweight = dw.embeddings.word,
                       .dbias = dw.masked_lm.bias,
                       .dy = d.logits,
                       .x = a.normed,
                       .preactivation = {},
                       .weight = *w.masked_lm.decoder,
                       .dresidual = {},
                       .activation = Activation::kNone});
  ops.layer_norm_backward({.dx = d.normed,
                           .dresidual = {},
                           .dweight = dw.masked_lm.norm.weight,
                           .dbias = dw.masked_lm.norm.bias,
                           .dy = d.normed,
                           .x = a.transform,
                           .residual = {},
                           .mean = a.statistics.mean,
                           .rstd = a.statistics.rstd,
                           .weight = w.masked_lm.norm.weight,
                           .dropout = {}});
  ops.linear_backward({.dx = d.rows,
                       .dweight = dw.masked_lm.dense.weight,
                       .dbias = dw.masked_lm.dense.bias,
                       .dy = d.normed,
                       .x = a.rows,
                       .preactivation = a.preactivation,
                       .weight = *w.masked_lm.dense,
                       .dresidual = {},
                       .activation = w.architecture.config.hidden_act});
  ops.gather_rows_backward({.dx = d.hidden, .dy = d.rows, .rows = rows, .dresidual = d.hidden});
}

}  // namespace albert::model
