// Start and answerability, then the end for a given start; then the same, read backwards.
#include "model/heads/span_v2.h"

#include "model/heads/classifier.h"

namespace albert::model {

namespace {

/// Answerability from the expected start and [CLS].
void answerability_forward(Ops& ops, const AlbertWeights& w, const SpanV2Activations& a,
                           const Tensor& hidden, const SpanCandidates& candidates) {
  const int64_t H = w.architecture.config.hidden_size;
  ops.weighted_sum_forward({.y = a.answer_input.slice_columns(0, H),
                            .x = a.candidates,
                            .weights = a.start_probs,
                            .cu_seqlens = candidates.cu_seqlens});
  ops.gather_rows_forward(
      {.y = a.answer_input.slice_columns(H, H), .x = hidden, .rows = candidates.first_rows});
  ops.linear_forward({.y = a.answer_hidden,
                      .preactivation = a.answer_preactivation,
                      .x = a.answer_input,
                      .weight = *w.span_v2.answer_hidden,
                      .activation = Activation::kTanh});
  if (a.answer_dropout.probability > 0) {
    ops.dropout_forward({.y = a.answer_hidden, .x = a.answer_hidden, .dropout = a.answer_dropout});
  }
  classifier_forward(ops, *w.span_v2.answer, a.answer_hidden, a.answer_logits);
}

}  // namespace

void span_v2_start_forward(Ops& ops, const AlbertWeights& w, const SpanV2Activations& a,
                           const Tensor& hidden, const SpanCandidates& candidates) {
  ops.gather_rows_forward({.y = a.candidates, .x = hidden, .rows = candidates.rows});
  classifier_forward(ops, *w.span_v2.start, a.candidates, a.start_logits);
  const Tensor logits = a.start_logits.reshaped({a.start_logits.size()});
  ops.softmax_forward({.y = a.start_log_probs,
                       .x = logits,
                       .cu_seqlens = candidates.cu_seqlens,
                       .logarithm = true});
  ops.softmax_forward(
      {.y = a.start_probs, .x = logits, .cu_seqlens = candidates.cu_seqlens, .logarithm = false});
  answerability_forward(ops, w, a, hidden, candidates);
}

void span_v2_end_forward(Ops& ops, const AlbertWeights& w, const SpanV2Activations& a,
                         const Tensor& cu_seqlens, const Tensor& start_of_row) {
  const int64_t H = w.architecture.config.hidden_size, C = a.candidates.rows();
  ops.gather_rows_forward(
      {.y = a.end_input.slice_columns(H, H), .x = a.candidates, .rows = start_of_row});
  ops.linear_forward({.y = a.end_hidden,
                      .preactivation = a.end_preactivation,
                      .x = a.end_input,
                      .weight = *w.span_v2.end_hidden,
                      .activation = Activation::kTanh});
  ops.layer_norm_forward({.y = a.end_normed,
                          .mean = a.end_norm.mean,
                          .rstd = a.end_norm.rstd,
                          .x = a.end_hidden,
                          .residual = {},
                          .weight = w.span_v2.end_norm.weight,
                          .bias = w.span_v2.end_norm.bias,
                          .epsilon = w.architecture.config.layer_norm_eps,
                          .dropout = {}});
  classifier_forward(ops, *w.span_v2.end, a.end_normed, a.end_logits);
  ops.softmax_forward({.y = a.end_log_probs,
                       .x = a.end_logits.reshaped({C}),
                       .cu_seqlens = cu_seqlens,
                       .logarithm = true});
}

namespace {

/// From the end's logits to the candidates, which are both halves of its input.
void end_backward(const BackwardScope& scope, const SpanV2Activations& a,
                  const Tensor& start_of_row, const SpanV2Gradients& d) {
  const auto& [ops, w, dw] = scope;
  const int64_t H = w.architecture.config.hidden_size;
  classifier_backward(ops, *w.span_v2.end, dw.span_v2.end, a.end_normed,
                      {.logits = d.end_logits, .rows = d.end_hidden, .past = {}});
  ops.layer_norm_backward({.dx = d.end_hidden,
                           .dresidual = {},
                           .dweight = dw.span_v2.end_norm.weight,
                           .dbias = dw.span_v2.end_norm.bias,
                           .dy = d.end_hidden,
                           .x = a.end_hidden,
                           .residual = {},
                           .mean = a.end_norm.mean,
                           .rstd = a.end_norm.rstd,
                           .weight = w.span_v2.end_norm.weight,
                           .dropout = {}});
  ops.linear_backward({.dx = d.end_input,
                       .dweight = dw.span_v2.end_hidden.weight,
                       .dbias = dw.span_v2.end_hidden.bias,
                       .dy = d.end_hidden,
                       .x = a.end_input,
                       .preactivation = a.end_preactivation,
                       .weight = *w.span_v2.end_hidden,
                       .dresidual = {},
                       .activation = Activation::kTanh});
  ops.gather_rows_backward({.dx = d.candidates,
                            .dy = d.end_input.slice_columns(H, H),
                            .rows = start_of_row,
                            .dresidual = d.end_input.slice_columns(0, H)});
}

/// From the answerability's logits to its input, and on to the candidates and the start's softmax.
void answerability_backward(const BackwardScope& scope, const SpanV2Activations& a,
                            const SpanCandidates& candidates, const SpanV2Gradients& d) {
  const auto& [ops, w, dw] = scope;
  const int64_t H = w.architecture.config.hidden_size;
  classifier_backward(ops, *w.span_v2.answer, dw.span_v2.answer, a.answer_hidden,
                      {.logits = d.answer_logits, .rows = d.answer_hidden, .past = {}});
  if (a.answer_dropout.probability > 0) {
    ops.dropout_backward(
        {.dx = d.answer_hidden, .dy = d.answer_hidden, .dropout = a.answer_dropout});
  }
  ops.linear_backward({.dx = d.answer_input,
                       .dweight = dw.span_v2.answer_hidden.weight,
                       .dbias = dw.span_v2.answer_hidden.bias,
                       .dy = d.answer_hidden,
                       .x = a.answer_input,
                       .preactivation = a.answer_preactivation,
                       .weight = *w.span_v2.answer_hidden,
                       .dresidual = {},
                       .activation = Activation::kTanh});
  ops.weighted_sum_backward({.dx = d.candidates,
                             .dweights = d.start_probs,
                             .dy = d.answer_input.slice_columns(0, H),
                             .x = a.candidates,
                             .weights = a.start_probs,
                             .cu_seqlens = candidates.cu_seqlens,
                             .dresidual = d.candidates});
}

}  // namespace

void span_v2_backward(const BackwardScope& scope, const SpanV2Activations& a,
                      const SpanV2Labels& labels, const SpanV2Gradients& d) {
  const auto& [ops, w, dw] = scope;
  const SpanCandidates& candidates = labels.candidates;
  const int64_t H = w.architecture.config.hidden_size, C = a.candidates.rows();
  end_backward(scope, a, labels.start_of_row, d);
  answerability_backward(scope, a, candidates, d);
  // The start's logits are read by their own loss and, through the softmax, by answerability.
  const Tensor dstart = d.start_logits.reshaped({C});
  ops.softmax_backward({.dx = dstart,
                        .dy = d.start_probs,
                        .y = a.start_probs,
                        .cu_seqlens = candidates.cu_seqlens,
                        .logarithm = false,
                        .dresidual = dstart});
  classifier_backward(ops, *w.span_v2.start, dw.span_v2.start, a.candidates,
                      {.logits = d.start_logits, .rows = d.candidates, .past = d.candidates});
  ops.gather_rows_backward(
      {.dx = d.hidden, .dy = d.candidates, .rows = candidates.rows, .dresidual = d.hidden});
  ops.gather_rows_backward({.dx = d.hidden,
                            .dy = d.answer_input.slice_columns(H, H),
                            .rows = candidates.first_rows,
                            .dresidual = d.hidden});
}

}  // namespace albert::model
