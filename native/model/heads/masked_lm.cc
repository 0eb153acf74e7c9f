// Transform, norm, tied decoder.
#include "model/heads/masked_lm.h"

namespace albert::model {

void masked_lm_forward(Ops& ops, const AlbertWeights& w, const MaskedLMActivations& a,
                       const Tensor& hidden, const Tensor& rows) {
  const Config& config = w.architecture.config;
  ops.gather_rows_forward({.y = a.rows, .x = hidden, .rows = rows});
  ops.linear_forward({.y = a.transform,
                      .preactivation = {},
                      .x = a.rows,
                      .weight = *w.masked_lm.dense,
                      .activation = config.hidden_act});
  ops.layer_norm_forward({.y = a.normed,
                          .mean = {},
                          .rstd = {},
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

}  // namespace albert::model
