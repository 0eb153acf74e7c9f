// The heads in training, by kind of model.
#include "train/head_gradients.h"

#include "core/error.h"
#include "model/heads/classifier.h"
#include "train/span_gradients.h"

namespace albert::train {

namespace {

using model::ModelKind;
using model::PendingLoss;

/// What Google's masked-LM loss adds to the number of predictions.
constexpr double kGoogleSmoothing = 1e-5;

/// Where the encoder's output holds a token.
int32_t output_row(const HeadStep& step, int32_t token) {
  return step.output_rows.empty() ? token : step.output_rows[size_t(token)];
}

/// The loss of the tokens that have a label; the decoder sees no others.
PendingLoss masked_lm_gradient(const HeadStep& step) {
  const std::vector<int32_t>& classes = *step.request.labels.classes;
  std::vector<int32_t> rows, labels;
  for (size_t token = 0; token < classes.size(); ++token) {
    if (classes[token] == data::kIgnored) continue;
    rows.push_back(output_row(step, int32_t(token)));
    labels.push_back(classes[token]);
  }
  if (rows.empty()) return {};
  const double smoothing = step.dialect == Dialect::kGoogle ? kGoogleSmoothing : 0;
  const double scale = share_of(step.counts.labels, smoothing);
  const Tensor device_rows = upload(step, rows);
  const auto allocate = allocator(step);
  const model::MaskedLMActivations a = allocate.masked_lm(int64_t(rows.size()));
  model::masked_lm_forward(step.scope.ops, step.scope.w, a, step.output, device_rows);
  const PendingLoss loss = class_loss(step, {a.logits, labels}, scale);
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
PendingLoss pooled_gradient(const HeadStep& step, const PooledHead& head, const Loss& loss) {
  const int64_t B = step.batch.sequences();
  const auto allocate = allocator(step);
  const model::PoolerActivations a = allocate.pooler(B);
  const model::PoolerGradients d = allocate.pooler_gradients(B, step.doutput);
  const Dropout dropout = head.dropout ? head_dropout(step, step.batch.first_origins) : Dropout{};
  model::pooler_forward(step.scope.ops, step.scope.w, a, step.output, step.batch);
  drop(step, a.pooled, dropout);
  const Tensor logits = allocate.matrix("logits", B, head.weight.outputs());
  model::classifier_forward(step.scope.ops, head.weight, a.pooled, logits);
  const PendingLoss total = loss(logits);
  model::classifier_backward(step.scope.ops, head.weight, head.dweight, a.pooled,
                             {.logits = logits, .rows = d.pooled, .past = {}});
  drop_back(step, d.pooled, dropout);
  model::pooler_backward(step.scope, a, step.batch, d);
  return total;
}

PendingLoss sentence_order_gradient(const HeadStep& step) {
  const PooledHead head{.weight = *step.scope.w.sentence_order,
                        .dweight = step.scope.dw.sentence_order,
                        .dropout = step.dialect == Dialect::kHuggingFace};
  return pooled_gradient(step, head, [&](const Tensor& logits) {
    return class_loss(step, {logits, *step.request.labels.sentence_order},
                      share_of(step.counts.sentence_order));
  });
}

PendingLoss target_loss(const HeadStep& step, const Tensor& logits) {
  const data::Labels& labels = step.request.labels;
  const double scale = share_of(step.counts.labels);
  const Tensor targets =
      upload(loss_scope(step), *labels.targets).reshaped({logits.rows(), logits.columns()});
  const bool regression = labels.problem_type == data::ProblemType::kRegression;
  const auto gradient = regression ? &model::squared_loss_gradient : &model::binary_loss_gradient;
  return gradient(loss_scope(step), {logits, targets}, scale);
}

PendingLoss sequence_gradient(const HeadStep& step) {
  const data::Labels& labels = step.request.labels;
  const PooledHead head{
      .weight = *step.scope.w.classifier, .dweight = step.scope.dw.classifier, .dropout = true};
  const int64_t choices = step.request.choices;
  return pooled_gradient(step, head, [&](const Tensor& logits) {
    if (labels.targets) return target_loss(step, logits);
    // Choices of one question lie side by side: (B / choices, choices) is (B, 1) in memory.
    const int64_t rows = logits.rows() / choices, classes = logits.columns() * choices;
    return class_loss(step, {logits.reshaped({rows, classes}), *labels.classes},
                      share_of(step.counts.labels));
  });
}

PendingLoss token_gradient(const HeadStep& step) {
  const auto& [ops, w, dw] = step.scope;
  const Dropout dropout = head_dropout(step, step.batch.origins);
  drop(step, step.output, dropout);
  const Tensor logits =
      allocator(step).matrix("logits", step.output.rows(), w.classifier->outputs());
  model::classifier_forward(ops, *w.classifier, step.output, logits);
  const PendingLoss loss =
      class_loss(step, {logits, *step.request.labels.classes}, share_of(step.counts.labels));
  model::classifier_backward(ops, *w.classifier, dw.classifier, step.output,
                             {.logits = logits, .rows = step.doutput, .past = {}});
  drop_back(step, step.doutput, dropout);
  return loss;
}

PendingLosses pretraining_gradients(const HeadStep& step) {
  const data::Labels& labels = step.request.labels;
  PendingLosses losses;
  if (labels.classes) losses.masked_lm = masked_lm_gradient(step);
  if (labels.sentence_order) losses.sentence_order = sentence_order_gradient(step);
  return losses;
}

}  // namespace

Losses& Losses::operator+=(const Losses& other) {
  total += other.total;
  masked_lm += other.masked_lm;
  sentence_order += other.sentence_order;
  return *this;
}

PendingLosses& PendingLosses::operator+=(const PendingLosses& pending) {
  other += pending.other;
  masked_lm += pending.masked_lm;
  sentence_order += pending.sentence_order;
  return *this;
}

Losses PendingLosses::values() const {
  const double masked = masked_lm.value(), order = sentence_order.value();
  return {.total = masked + order + other.value(), .masked_lm = masked, .sentence_order = order};
}

PendingLosses head_gradients(const HeadStep& step) {
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
      return {.other = sequence_gradient(step), .masked_lm = {}, .sentence_order = {}};
    case ModelKind::kTokenClassification:
      return {.other = token_gradient(step), .masked_lm = {}, .sentence_order = {}};
    case ModelKind::kQuestionAnswering:
      return {.other = span_gradient(step), .masked_lm = {}, .sentence_order = {}};
    case ModelKind::kQuestionAnsweringV2:
      return {.other = span_v2_gradient(step), .masked_lm = {}, .sentence_order = {}};
  }
  return {};
}

}  // namespace albert::train
