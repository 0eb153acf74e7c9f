// Attention and feed-forward, as the paper's equations.
#include "model/layer.h"

namespace albert::model {

void layer_forward(Ops& ops, const LayerWeights& w, const LayerActivations& a, const Batch& batch,
                   const Config& config, const Tensor& hidden) {
  const int64_t H = config.hidden_size;
  const auto linear = [&](const Tensor& y, const Tensor& x, const LinearWeight& weight,
                          Activation activation) {
    ops.linear_forward(
        {.y = y, .preactivation = {}, .x = x, .weight = weight, .activation = activation});
  };
  const auto add_and_norm = [&](const Tensor& y, const Tensor& x, const Tensor& residual,
                                const NormParams& norm) {
    ops.layer_norm_forward({.y = y,
                            .mean = {},
                            .rstd = {},
                            .x = x,
                            .residual = residual,
                            .weight = norm.weight,
                            .bias = norm.bias,
                            .epsilon = config.layer_norm_eps});
  };

  linear(a.qkv, hidden, *w.qkv, Activation::kNone);
  ops.attention_forward({.context = a.context,
                         .log_sum_exp = {},
                         .probabilities = a.probabilities,
                         .queries = a.qkv.slice_columns(0, H),
                         .keys = a.qkv.slice_columns(H, H),
                         .values = a.qkv.slice_columns(2 * H, H),
                         .query_cu_seqlens = batch.cu_seqlens,
                         .cu_seqlens = batch.cu_seqlens,
                         .heads = config.num_attention_heads});
  linear(a.projection, a.context, *w.attention_output, Activation::kNone);
  add_and_norm(a.attended, a.projection, hidden, w.attention_norm);

  linear(a.intermediate, a.attended, *w.ffn, config.hidden_act);
  linear(a.ffn_output, a.intermediate, *w.ffn_output, Activation::kNone);
  add_and_norm(hidden, a.ffn_output, a.attended, w.full_layer_norm);
}

}  // namespace albert::model
