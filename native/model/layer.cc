// Attention and feed-forward, as the paper's equations; then the same, read backwards.
#include "model/layer.h"

namespace albert::model {

namespace {

/// What attention asks with, and the residual that goes around it.
struct AttentionRows {
  Tensor queries;     // (K, H)
  Tensor cu_seqlens;  // (B + 1) i32
  Tensor residual;    // (K, H)
};

AttentionRows attention_rows(const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  if (a.selected) return {a.queries, batch.selection.cu_seqlens, a.selected};
  return {a.qkv.slice_columns(0, config.hidden_size), batch.cu_seqlens, a.hidden};
}

void select_rows(Ops& ops, const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  const Tensor queries = a.qkv.slice_columns(0, config.hidden_size);
  ops.gather_rows_forward({.y = a.queries, .x = queries, .rows = batch.selection.rows});
  ops.gather_rows_forward({.y = a.selected, .x = a.hidden, .rows = batch.selection.rows});
}

/// LayerNorm(dropout(x) + residual), forward and backward.
struct AddAndNorm {
  const NormParams& weights;
  const NormStatistics& statistics;
  const Dropout& dropout;
  Tensor x;
  Tensor residual;
};

void add_and_norm_forward(Ops& ops, const AddAndNorm& norm, const Tensor& y, double epsilon) {
  ops.layer_norm_forward({.y = y,
                          .mean = norm.statistics.mean,
                          .rstd = norm.statistics.rstd,
                          .x = norm.x,
                          .residual = norm.residual,
                          .weight = norm.weights.weight,
                          .bias = norm.weights.bias,
                          .epsilon = epsilon,
                          .dropout = norm.dropout});
}

struct AddAndNormGradients {
  Tensor dx;
  Tensor dresidual;
  Tensor dy;
};

void add_and_norm_backward(Ops& ops, const AddAndNorm& norm, const NormParams& dw,
                           const AddAndNormGradients& d) {
  ops.layer_norm_backward({.dx = d.dx,
                           .dresidual = d.dresidual,
                           .dweight = dw.weight,
                           .dbias = dw.bias,
                           .dy = d.dy,
                           .x = norm.x,
                           .residual = norm.residual,
                           .mean = norm.statistics.mean,
                           .rstd = norm.statistics.rstd,
                           .weight = norm.weights.weight,
                           .dropout = norm.dropout});
}

AddAndNorm attention_norm(const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  return {.weights = w.attention_norm,
          .statistics = a.attention_norm,
          .dropout = a.dropout.projection,
          .x = a.projection,
          .residual = attention_rows(step).residual};
}

AddAndNorm full_layer_norm(const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  return {.weights = w.full_layer_norm,
          .statistics = a.full_layer_norm,
          .dropout = a.dropout.ffn_output,
          .x = a.ffn_output,
          .residual = a.attended};
}

void attention_forward(Ops& ops, const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  const int64_t H = config.hidden_size;
  const AttentionRows rows = attention_rows(step);
  ops.attention_forward({.context = a.context,
                         .log_sum_exp = a.log_sum_exp,
                         .probabilities = a.probabilities,
                         .queries = rows.queries,
                         .keys = a.qkv.slice_columns(H, H),
                         .values = a.qkv.slice_columns(2 * H, H),
                         .query_cu_seqlens = rows.cu_seqlens,
                         .cu_seqlens = batch.cu_seqlens,
                         .heads = config.num_attention_heads,
                         .dropout = a.dropout.probabilities});
}

void attention_backward(Ops& ops, const LayerStep& step, const LayerGradients& d) {
  const auto& [w, a, batch, config] = step;
  const int64_t H = config.hidden_size;
  const AttentionRows rows = attention_rows(step);
  const Tensor dqueries = d.qkv.slice_columns(0, H);
  ops.attention_backward({.dqueries = a.selected ? d.queries : dqueries,
                          .dkeys = d.qkv.slice_columns(H, H),
                          .dvalues = d.qkv.slice_columns(2 * H, H),
                          .dcontext = d.context,
                          .context = a.context,
                          .log_sum_exp = a.log_sum_exp,
                          .queries = rows.queries,
                          .keys = a.qkv.slice_columns(H, H),
                          .values = a.qkv.slice_columns(2 * H, H),
                          .query_cu_seqlens = rows.cu_seqlens,
                          .cu_seqlens = batch.cu_seqlens,
                          .heads = config.num_attention_heads,
                          .dropout = a.dropout.probabilities});
  if (!a.selected) return;
  const Tensor& chosen = batch.selection.rows;
  ops.gather_rows_backward({.dx = dqueries, .dy = d.queries, .rows = chosen, .dresidual = {}});
  ops.gather_rows_backward({.dx = d.hidden, .dy = d.residual, .rows = chosen, .dresidual = {}});
}

}  // namespace

void layer_forward(Ops& ops, const LayerStep& step) {
  const auto& [w, a, batch, config] = step;
  const auto linear = [&](const Tensor& y, const Tensor& x, const LinearWeight& weight) {
    ops.linear_forward(
        {.y = y, .preactivation = {}, .x = x, .weight = weight, .activation = Activation::kNone});
  };

  linear(a.qkv, a.hidden, *w.qkv);
  if (a.selected) select_rows(ops, step);
  attention_forward(ops, step);
  linear(a.projection, a.context, *w.attention_output);
  add_and_norm_forward(ops, attention_norm(step), a.attended, config.layer_norm_eps);

  ops.linear_forward({.y = a.intermediate,
                      .preactivation = a.preactivation,
                      .x = a.attended,
                      .weight = *w.ffn,
                      .activation = config.hidden_act});
  linear(a.ffn_output, a.intermediate, *w.ffn_output);
  add_and_norm_forward(ops, full_layer_norm(step), a.output, config.layer_norm_eps);
}

void layer_backward(Ops& ops, const LayerStep& step, const LayerParams& dw,
                    const LayerGradients& d) {
  const auto& [w, a, batch, config] = step;
  add_and_norm_backward(ops, full_layer_norm(step), dw.full_layer_norm,
                        {.dx = d.branch, .dresidual = d.attended, .dy = d.output});
  // Where the product can take the activation's slope along, the map before has none left to do.
  const bool fused = ops.fuses_input_activation(config.hidden_act);
  ops.linear_backward({.dx = d.intermediate,
                       .dweight = dw.ffn_output.weight,
                       .dbias = dw.ffn_output.bias,
                       .dy = d.branch,
                       .x = a.intermediate,
                       .preactivation = {},
                       .weight = *w.ffn_output,
                       .dresidual = {},
                       .activation = Activation::kNone,
                       .input = fused ? InputActivation{a.preactivation, config.hidden_act}
                                      : InputActivation{}});
  ops.linear_backward({.dx = d.attended,
                       .dweight = dw.ffn.weight,
                       .dbias = dw.ffn.bias,
                       .dy = d.intermediate,
                       .x = a.attended,
                       .preactivation = fused ? Tensor{} : a.preactivation,
                       .weight = *w.ffn,
                       .dresidual = d.attended,
                       .activation = fused ? Activation::kNone : config.hidden_act});

  add_and_norm_backward(ops, attention_norm(step), dw.attention_norm,
                        {.dx = d.branch, .dresidual = d.residual, .dy = d.attended});
  ops.linear_backward({.dx = d.context,
                       .dweight = dw.attention_output.weight,
                       .dbias = dw.attention_output.bias,
                       .dy = d.branch,
                       .x = a.context,
                       .preactivation = {},
                       .weight = *w.attention_output,
                       .dresidual = {},
                       .activation = Activation::kNone});
  attention_backward(ops, step, d);
  ops.linear_backward({.dx = d.hidden,
                       .dweight = dw.qkv.weight,
                       .dbias = dw.qkv.bias,
                       .dy = d.qkv,
                       .x = a.hidden,
                       .preactivation = {},
                       .weight = *w.qkv,
                       .dresidual = d.hidden,
                       .activation = Activation::kNone});
}

}  // namespace albert::model
