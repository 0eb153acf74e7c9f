// Start and answerability, then the end for a given start.
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
                      .preactivation = {},
                      .x = a.answer_input,
                      .weight = *w.span_v2.answer_hidden,
                      .activation = Activation::kTanh});
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
                      .preactivation = {},
                      .x = a.end_input,
                      .weight = *w.span_v2.end_hidden,
                      .activation = Activation::kTanh});
  ops.layer_norm_forward({.y = a.end_normed,
                          .mean = {},
                          .rstd = {},
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

}  // namespace albert::model
