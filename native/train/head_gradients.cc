// The heads in training, by kind of model.
#include "train/head_gradients.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "model/heads/classifier.h"
#include "model/heads/losses.h"

namespace albert::train {

namespace {

using model::ClassRows;
using model::DropoutSite;
using model::LossScope;
using model::ModelKind;

/// What Google's masked-LM loss adds to the number of predictions.
constexpr double kGoogleSmoothing = 1e-5;

double share_of(int64_t count, double smoothing = 0) {
  return count == 0 ? 0 : 1 / (double(count) + smoothing);
}

LossScope loss_scope(const HeadStep& step) {
  return {step.scope.ops, step.backend, step.arena};
}

model::TrainingAllocator allocator(const HeadStep& step) {
  return {step.arena, step.backend, step.scope.w.architecture.config};
}

Tensor upload(const HeadStep& step, const std::vector<int32_t>& values) {
  return train::upload(step.arena, step.backend, values);
}

/// Where the encoder's output holds a token.
int32_t output_row(const HeadStep& step, int32_t token) {
  return step.output_rows.empty() ? token : step.output_rows[size_t(token)];
}

Dropout head_dropout(const HeadStep& step, const RowOrigins& rows) {
  return step.dropout.at(DropoutSite::kHead, 0, rows);
}

void drop(const HeadStep& step, const Tensor& x, const Dropout& dropout) {
  if (dropout.probability == 0) return;
  step.scope.ops.dropout_forward({.y = x, .x = x, .dropout = dropout});
}

void drop_back(const HeadStep& step, const Tensor& dx, const Dropout& dropout) {
  if (dropout.probability == 0) return;
  step.scope.ops.dropout_backward({.dx = dx, .dy = dx, .dropout = dropout});
}

/// The loss of the tokens that have a label; the decoder sees no others.
double masked_lm_gradient(const HeadStep& step) {
  const std::vector<int32_t>& classes = *step.request.labels.classes;
  std::vector<int32_t> rows, labels;
  for (size_t token = 0; token < classes.size(); ++token) {
    if (classes[token] == data::kIgnored) continue;
    rows.push_back(output_row(step, int32_t(token)));
    labels.push_back(classes[token]);
  }
  if (rows.empty()) return 0;
  const double smoothing = step.dialect == Dialect::kGoogle ? kGoogleSmoothing : 0;
  const double scale = share_of(step.counts.labels, smoothing);
  const Tensor device_rows = upload(step, rows);
  const auto allocate = allocator(step);
  const model::MaskedLMActivations a = allocate.masked_lm(int64_t(rows.size()));
  model::masked_lm_forward(step.scope.ops, step.scope.w, a, step.output, device_rows);
  const ClassRows all{a.logits, upload(step, labels), {}, data::kIgnored};
  const double loss = scale * model::class_loss_gradient(loss_scope(step), all, scale).sum;
  model::masked_lm_backward(step.scope, a, device_rows,
                            allocate.masked_lm_gradients(a, step.doutput));
  return loss;
}

/// A classifier on pooled vectors.
struct PooledHead {
  const LinearWeight& weight;
  const LinearParams& dweight;
  bool dropout;
};

/// `loss` takes the logits, puts their gradient in their place and returns its share of the loss.
template <class Loss>
double pooled_gradient(const HeadStep& step, const PooledHead& head, const Loss& loss) {
  const int64_t B = step.batch.sequences();
  const auto allocate = allocator(step);
  const model::PoolerActivations a = allocate.pooler(B);
  const model::PoolerGradients d = allocate.pooler_gradients(B, step.doutput);
  const Dropout dropout = head.dropout ? head_dropout(step, step.batch.first_origins) : Dropout{};
  model::pooler_forward(step.scope.ops, step.scope.w, a, step.output, step.batch);
  drop(step, a.pooled, dropout);
  const Tensor logits = allocate.matrix("logits", B, head.weight.outputs());
  model::classifier_forward(step.scope.ops, head.weight, a.pooled, logits);
  const double total = loss(logits);
  model::classifier_backward(step.scope.ops, head.weight, head.dweight, a.pooled,
                             {.logits = logits, .rows = d.pooled, .past = {}});
  drop_back(step, d.pooled, dropout);
  model::pooler_backward(step.scope, a, step.batch, d);
  return total;
}

double class_loss(const HeadStep& step, const Tensor& logits, const std::vector<int32_t>& labels,
                  double scale) {
  const ClassRows rows{logits, upload(step, labels), {}, data::kIgnored};
  return scale * model::class_loss_gradient(loss_scope(step), rows, scale).sum;
}

double sentence_order_gradient(const HeadStep& step) {
  const PooledHead head{.weight = *step.scope.w.sentence_order,
                        .dweight = step.scope.dw.sentence_order,
                        .dropout = step.dialect == Dialect::kHuggingFace};
  return pooled_gradient(step, head, [&](const Tensor& logits) {
    return class_loss(step, logits, *step.request.labels.sentence_order,
                      share_of(step.counts.sentence_order));
  });
}

double target_loss(const HeadStep& step, const Tensor& logits) {
  const data::Labels& labels = step.request.labels;
  const double scale = share_of(step.counts.labels);
  const Tensor targets = train::upload(step.arena, step.backend, *labels.targets)
                             .reshaped({logits.rows(), logits.columns()});
  const bool regression = labels.problem_type == data::ProblemType::kRegression;
  const auto gradient = regression ? &model::squared_loss_gradient : &model::binary_loss_gradient;
  return scale * gradient(loss_scope(step), {logits, targets}, scale).sum;
}

double sequence_gradient(const HeadStep& step) {
  const data::Labels& labels = step.request.labels;
  const PooledHead head{
      .weight = *step.scope.w.classifier, .dweight = step.scope.dw.classifier, .dropout = true};
  const int64_t choices = step.request.choices;
  return pooled_gradient(step, head, [&](const Tensor& logits) {
    if (labels.targets) return target_loss(step, logits);
    // Choices of one question lie side by side: (B / choices, choices) is (B, 1) in memory.
    const int64_t rows = logits.rows() / choices, classes = logits.columns() * choices;
    return class_loss(step, logits.reshaped({rows, classes}), *labels.classes,
                      share_of(step.counts.labels));
  });
}

double token_gradient(const HeadStep& step) {
  const auto& [ops, w, dw] = step.scope;
  const Dropout dropout = head_dropout(step, step.batch.origins);
  drop(step, step.output, dropout);
  const Tensor logits =
      allocator(step).matrix("logits", step.output.rows(), w.classifier->outputs());
  model::classifier_forward(ops, *w.classifier, step.output, logits);
  const double loss =
      class_loss(step, logits, *step.request.labels.classes, share_of(step.counts.labels));
  model::classifier_backward(ops, *w.classifier, dw.classifier, step.output,
                             {.logits = logits, .rows = step.doutput, .past = {}});
  drop_back(step, step.doutput, dropout);
  return loss;
}

/// Logits (T, 2) as all starts, then all ends: even rows of (2T, 1), then odd ones.
std::vector<int32_t> starts_then_ends(int64_t tokens) {
  std::vector<int32_t> rows;
  for (int32_t column = 0; column < 2; ++column) {
    for (int32_t t = 0; t < tokens; ++t) rows.push_back(2 * t + column);
  }
  return rows;
}

double span_gradient(const HeadStep& step) {
  const auto& [ops, w, dw] = step.scope;
  const data::Labels& labels = step.request.labels;
  const int64_t T = step.batch.size();
  const auto allocate = allocator(step);
  const Tensor logits = allocate.matrix("logits", T, 2), flat = logits.reshaped({2 * T, 1});
  const Tensor columns = allocate.matrix("logits", 2 * T, 1);
  const Tensor order = upload(step, starts_then_ends(T));
  model::classifier_forward(ops, *w.qa_outputs, step.output, logits);
  ops.gather_rows_forward({.y = columns, .x = flat, .rows = order});

  const auto position_loss = [&](int64_t first, const std::vector<int32_t>& positions,
                                 double scale) {
    const Tensor packed = columns.reshaped({2 * T}).slice_columns(first, T);
    const ClassRows rows{packed, upload(step, positions), step.batch.cu_seqlens, data::kIgnored};
    return scale * model::class_loss_gradient(loss_scope(step), rows, scale).sum;
  };
  const double start = position_loss(0, *labels.start_positions, share_of(step.counts.starts) / 2);
  const double end = position_loss(T, *labels.end_positions, share_of(step.counts.ends) / 2);

  ops.gather_rows_backward({.dx = flat, .dy = columns, .rows = order, .dresidual = {}});
  model::classifier_backward(ops, *w.qa_outputs, dw.qa_outputs, step.output,
                             {.logits = logits, .rows = step.doutput, .past = {}});
  return start + end;
}

/// The candidates of a batch, and for each the candidate that starts the answer (an ignored start
/// stands for the first: its loss and the end's are ignored, too).
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

double span_v2_gradient(const HeadStep& step) {
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
  const LossScope scope = loss_scope(step);
  const auto position_loss = [&](const Tensor& logits, const std::vector<int32_t>& positions) {
    const ClassRows rows{logits.reshaped({C}), upload(step, positions), asked.candidates.cu_seqlens,
                         data::kIgnored};
    return scale * model::class_loss_gradient(scope, rows, scale).sum;
  };
  const double start = position_loss(a.start_logits, *labels.start_positions);
  const double end = position_loss(a.end_logits, *labels.end_positions);
  const Tensor impossible =
      train::upload(step.arena, step.backend, *labels.is_impossible).reshaped({B, 1});
  const double answer =
      scale * model::binary_loss_gradient(scope, {a.answer_logits, impossible}, scale).sum;
  model::span_v2_backward(step.scope, a, asked, allocate.span_v2_gradients(a, step.doutput));
  return start + end + answer;
}

Losses pretraining_gradients(const HeadStep& step) {
  const data::Labels& labels = step.request.labels;
  Losses losses;
  if (labels.classes) losses.masked_lm = masked_lm_gradient(step);
  if (labels.sentence_order) losses.sentence_order = sentence_order_gradient(step);
  losses.total = losses.masked_lm + losses.sentence_order;
  return losses;
}

template <class Number>
Tensor upload_as(Arena& arena, Backend& backend, const std::vector<Number>& values, DType dtype) {
  const int64_t count = int64_t(values.size());
  const Tensor device = arena.allocate("indices and targets", dtype, {count});
  if (count > 0) backend.upload(device, tensor_of(values.data(), {count}));
  return device;
}

}  // namespace

Tensor upload(Arena& arena, Backend& backend, const std::vector<int32_t>& values) {
  return upload_as(arena, backend, values, DType::kI32);
}

Tensor upload(Arena& arena, Backend& backend, const std::vector<float>& values) {
  return upload_as(arena, backend, values, backend.master_dtype());
}

Losses head_gradients(const HeadStep& step) {
  switch (step.scope.w.architecture.kind) {
    case ModelKind::kBase:
      throw Error(ErrorCode::kConfig,
                  "train: a model without a head has no loss; load it as one "
                  "with a head");
    case ModelKind::kPreTraining:
    case ModelKind::kMaskedLM:
      return pretraining_gradients(step);
    case ModelKind::kSequenceClassification:
    case ModelKind::kMultipleChoice:
      return {.total = sequence_gradient(step)};
    case ModelKind::kTokenClassification:
      return {.total = token_gradient(step)};
    case ModelKind::kQuestionAnswering:
      return {.total = span_gradient(step)};
    case ModelKind::kQuestionAnsweringV2:
      return {.total = span_v2_gradient(step)};
  }
  return {};
}

}  // namespace albert::train
