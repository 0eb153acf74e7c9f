// Attention and feed-forward, as the paper's equations.
#include "model/layer.h"

namespace albert::model {

namespace {

/// What attention asks with, and the residual that goes around it.
struct AttentionRows {
  Tensor queries;     // (K, H)
  Tensor cu_seqlens;  // (B + 1) i32
  Tensor residual;    // (K, H)
};

AttentionRows attention_rows(Ops& ops, const LayerActivations& a, const Batch& batch) {
  const Tensor queries = a.qkv.slice_columns(0, a.hidden.columns());
  if (!a.selected) return {queries, batch.cu_seqlens, a.hidden};
  ops.gather_rows_forward({.y = a.queries, .x = queries, .rows = batch.selection.rows});
  ops.gather_rows_forward({.y = a.selected, .x = a.hidden, .rows = batch.selection.rows});
  return {a.queries, batch.selection.cu_seqlens, a.selected};
}

}  // namespace

void layer_forward(Ops& ops, const LayerWeights& w, const LayerActivations& a, const Batch& batch,
                   const Config& config) {
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
                            .epsilon = config.layer_norm_eps,
                            .dropout = {}});
  };

  linear(a.qkv, a.hidden, *w.qkv, Activation::kNone);
  const AttentionRows rows = attention_rows(ops, a, batch);
  ops.attention_forward({.context = a.context,
                         .log_sum_exp = {},
                         .probabilities = a.probabilities,
                         .queries = rows.queries,
                         .keys = a.qkv.slice_columns(H, H),
                         .values = a.qkv.slice_columns(2 * H, H),
                         .query_cu_seqlens = rows.cu_seqlens,
                         .cu_seqlens = batch.cu_seqlens,
                         .heads = config.num_attention_heads,
                         .dropout = {}});
  linear(a.projection, a.context, *w.attention_output, Activation::kNone);
  add_and_norm(a.attended, a.projection, rows.residual, w.attention_norm);

  linear(a.intermediate, a.attended, *w.ffn, config.hidden_act);
  linear(a.ffn_output, a.intermediate, *w.ffn_output, Activation::kNone);
  add_and_norm(rows.residual, a.ffn_output, a.attended, w.full_layer_norm);
}

}  // namespace albert::model
