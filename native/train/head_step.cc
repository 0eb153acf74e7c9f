// The parts that heads share in training.
#include "train/head_step.h"

namespace albert::train {

namespace {

template <class Number>
Tensor upload_as(const model::LossScope& scope, const std::vector<Number>& values, DType dtype) {
  const int64_t count = int64_t(values.size());
  const Tensor device = scope.arena.allocate("indices and targets", dtype, {count});
  if (count == 0) return device;
  scope.backend.enqueue_upload(scope.ops, device, tensor_of(values.data(), {count}));
  return device;
}

}  // namespace

Tensor upload(const model::LossScope& scope, const std::vector<int32_t>& values) {
  return upload_as(scope, values, DType::kI32);
}

Tensor upload(const model::LossScope& scope, const std::vector<float>& values) {
  return upload_as(scope, values, scope.backend.master_dtype());
}

double share_of(int64_t count, double smoothing) {
  return count == 0 ? 0 : 1 / (double(count) + smoothing);
}

model::LossScope loss_scope(const HeadStep& step) {
  return {step.scope.ops, step.backend, step.arena};
}

model::TrainingAllocator allocator(const HeadStep& step) {
  return {step.arena, step.backend, step.scope.w.architecture.config};
}

Dropout head_dropout(const HeadStep& step, const RowOrigins& rows) {
  return step.dropout.at(model::DropoutSite::kHead, 0, rows);
}

void drop(const HeadStep& step, const Tensor& x, const Dropout& dropout) {
  if (dropout.probability == 0) return;
  step.scope.ops.dropout_forward({.y = x, .x = x, .dropout = dropout});
}

void drop_back(const HeadStep& step, const Tensor& dx, const Dropout& dropout) {
  if (dropout.probability == 0) return;
  step.scope.ops.dropout_backward({.dx = dx, .dy = dx, .dropout = dropout});
}

model::PendingLoss class_loss(const HeadStep& step, const LabelledLogits& rows, double scale) {
  const model::ClassRows device{.logits = rows.logits,
                                .labels = upload(step, rows.labels),
                                .cu_seqlens = rows.cu_seqlens,
                                .ignore_index = data::kIgnored};
  return model::class_loss_gradient(loss_scope(step), device, scale);
}

}  // namespace albert::train
