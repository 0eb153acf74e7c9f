// The heads that answer questions, in training.
#include "train/span_gradients.h"

#include <algorithm>

#include "model/heads/classifier.h"

namespace albert::train {

namespace {

/// Logits (T, 2) as all starts, then all ends: even rows of (2T, 1), then odd ones.
std::vector<int32_t> starts_then_ends(int64_t tokens) {
  std::vector<int32_t> rows;
  for (int32_t column = 0; column < 2; ++column) {
    for (int32_t t = 0; t < tokens; ++t) rows.push_back(2 * t + column);
  }
  return rows;
}

}  // namespace

model::PendingLoss span_gradient(const HeadStep& step) {
  const auto& [ops, w, dw] = step.scope;
  const data::Labels& labels = step.request.labels;
  const int64_t T = step.batch.size();
  const auto allocate = allocator(step);
  const Tensor logits = allocate.matrix("logits", T, 2), flat = logits.reshaped({2 * T, 1});
  const Tensor columns = allocate.matrix("logits", 2 * T, 1);
  const Tensor order = upload(step, starts_then_ends(T));
  model::classifier_forward(ops, *w.qa_outputs, step.output, logits);
  ops.gather_rows_forward({.y = columns, .x = flat, .rows = order});

  const Tensor packed = columns.reshaped({2 * T});
  const auto position_loss = [&](int64_t first, const std::vector<int32_t>& positions,
                                 double scale) {
    const Tensor chosen = packed.slice_columns(first, T);
    return class_loss(step, {chosen, positions, step.batch.cu_seqlens}, scale);
  };
  model::PendingLoss loss =
      position_loss(0, *labels.start_positions, share_of(step.counts.starts) / 2);
  loss += position_loss(T, *labels.end_positions, share_of(step.counts.ends) / 2);

  ops.gather_rows_backward({.dx = flat, .dy = columns, .rows = order, .dresidual = {}});
  model::classifier_backward(ops, *w.qa_outputs, dw.qa_outputs, step.output,
                             {.logits = logits, .rows = step.doutput, .past = {}});
  return loss;
}

namespace {

/// The candidates of a batch, and for each the candidate that starts the answer (the first, where
/// the start is ignored).
model::SpanV2Labels span_v2_labels(const HeadStep& step) {
  const TrainingBatch& request = step.request;
  std::vector<int32_t> rows, starts, cu = request.candidates_cu;
  if (request.candidates) {
    rows = *request.candidates;
  } else {
    cu = request.batch.cu_seqlens;
    for (int32_t t = 0; t < cu.back(); ++t) rows.push_back(t);
  }
  for (size_t b = 0; b + 1 < cu.size(); ++b) {
    const int32_t start = std::max((*request.labels.start_positions)[b], 0);
    starts.insert(starts.end(), size_t(cu[b + 1] - cu[b]), cu[b] + start);
  }
  return {.candidates = {.rows = upload(step, rows),
                         .cu_seqlens = upload(step, cu),
                         .first_rows = step.batch.first_rows},
          .start_of_row = upload(step, starts)};
}

}  // namespace

model::PendingLoss span_v2_gradient(const HeadStep& step) {
  const auto& [ops, w, dw] = step.scope;
  const data::Labels& labels = step.request.labels;
  const model::SpanV2Labels asked = span_v2_labels(step);
  const auto allocate = allocator(step);
  const int64_t B = step.batch.sequences(), C = asked.candidates.rows.size();
  model::SpanV2Activations a = allocate.span_v2(C, B);
  a.answer_dropout = head_dropout(step, step.batch.first_origins);
  model::span_v2_start_forward(ops, w, a, step.output, asked.candidates);
  model::span_v2_end_forward(ops, w, a, asked.candidates.cu_seqlens, asked.start_of_row);

  const double scale = 0.5 * share_of(step.counts.sequences);
  const auto position_loss = [&](const Tensor& logits, const std::vector<int32_t>& positions) {
    return class_loss(step, {logits.reshaped({C}), positions, asked.candidates.cu_seqlens}, scale);
  };
  model::PendingLoss loss = position_loss(a.start_logits, *labels.start_positions);
  loss += position_loss(a.end_logits, *labels.end_positions);
  const Tensor impossible = upload(loss_scope(step), *labels.is_impossible).reshaped({B, 1});
  loss += model::binary_loss_gradient(loss_scope(step), {a.answer_logits, impossible}, scale);
  model::span_v2_backward(step.scope, a, asked, allocate.span_v2_gradients(a, step.doutput));
  return loss;
}

}  // namespace albert::train
