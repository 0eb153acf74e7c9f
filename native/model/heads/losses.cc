// Row losses on the backend, summed on the host in double precision and in order.
#include "model/heads/losses.h"

#include <numeric>
#include <vector>

namespace albert::model {

namespace {

Tensor allocate_losses(const LossScope& scope, int64_t rows, int64_t columns) {
  const DType dtype = scope.backend.master_dtype();
  return columns == 0 ? scope.arena.allocate("losses", dtype, {rows})
                      : scope.arena.allocate("losses", dtype, {rows, columns});
}

double sum_of(const LossScope& scope, const Tensor& losses) {
  std::vector<double> host(size_t(losses.size()));
  const Tensor flat = losses.reshaped({losses.size()});
  scope.backend.download(tensor_of(host.data(), {losses.size()}), flat);
  double sum = 0;
  for (double loss : host) sum += loss;
  return sum;
}

int64_t count_labels(const LossScope& scope, const Tensor& labels, int32_t ignore_index) {
  std::vector<int32_t> host(size_t(labels.size()));
  scope.backend.download(tensor_of(host.data(), {labels.size()}), labels);
  int64_t count = 0;
  for (int32_t label : host) count += label != ignore_index;
  return count;
}

LossSum cross_entropy(const LossScope& scope, CrossEntropyForward op) {
  op.losses = allocate_losses(scope, op.labels.size(), 0);
  scope.ops.cross_entropy_forward(op);
  return {sum_of(scope, op.losses), count_labels(scope, op.labels, op.ignore_index)};
}

}  // namespace

LossSum& LossSum::operator+=(const LossSum& other) {
  sum += other.sum;
  count += other.count;
  return *this;
}

LossSum class_loss(const LossScope& scope, const Tensor& logits, const Tensor& labels,
                   int32_t ignore_index) {
  return cross_entropy(scope, {.losses = {},
                               .log_sum_exp = {},
                               .logits = logits,
                               .labels = labels,
                               .cu_seqlens = {},
                               .ignore_index = ignore_index});
}

LossSum position_loss(const LossScope& scope, const Tensor& logits, const Tensor& cu_seqlens,
                      const Tensor& labels, int32_t ignore_index) {
  return cross_entropy(scope, {.losses = {},
                               .log_sum_exp = {},
                               .logits = logits,
                               .labels = labels,
                               .cu_seqlens = cu_seqlens,
                               .ignore_index = ignore_index});
}

LossSum binary_loss(const LossScope& scope, const Tensor& logits, const Tensor& targets) {
  const Tensor losses = allocate_losses(scope, logits.rows(), logits.columns());
  scope.ops.binary_cross_entropy_forward({.losses = losses, .logits = logits, .targets = targets});
  return {sum_of(scope, losses), losses.size()};
}

LossSum squared_loss(const LossScope& scope, const Tensor& predictions, const Tensor& targets) {
  const Tensor losses = allocate_losses(scope, predictions.rows(), predictions.columns());
  scope.ops.squared_error_forward(
      {.losses = losses, .predictions = predictions, .targets = targets});
  return {sum_of(scope, losses), losses.size()};
}

PendingLoss::PendingLoss(Backend& backend, Ops& ops, const Tensor& losses, double scale) {
  terms_.push_back({std::make_shared<std::vector<double>>(size_t(losses.size())), scale});
  const Tensor flat = losses.reshaped({losses.size()});
  backend.enqueue_download(ops, tensor_of(terms_[0].rows->data(), {losses.size()}), flat);
}

double PendingLoss::value() const {
  double total = 0;
  for (const Term& term : terms_) {
    total += term.scale * std::accumulate(term.rows->begin(), term.rows->end(), 0.0);
  }
  return total;
}

PendingLoss& PendingLoss::operator+=(const PendingLoss& other) {
  terms_.insert(terms_.end(), other.terms_.begin(), other.terms_.end());
  return *this;
}

PendingLoss class_loss_gradient(const LossScope& scope, const ClassRows& rows, double scale) {
  const Tensor losses = allocate_losses(scope, rows.labels.size(), 0);
  const Tensor log_sum_exp = allocate_losses(scope, rows.labels.size(), 0);
  scope.ops.cross_entropy_forward({.losses = losses,
                                   .log_sum_exp = log_sum_exp,
                                   .logits = rows.logits,
                                   .labels = rows.labels,
                                   .cu_seqlens = rows.cu_seqlens,
                                   .ignore_index = rows.ignore_index});
  const PendingLoss loss(scope.backend, scope.ops, losses, scale);
  scope.ops.cross_entropy_backward({.dlogits = rows.logits,
                                    .log_sum_exp = log_sum_exp,
                                    .logits = rows.logits,
                                    .labels = rows.labels,
                                    .cu_seqlens = rows.cu_seqlens,
                                    .ignore_index = rows.ignore_index,
                                    .scale = scale});
  return loss;
}

PendingLoss binary_loss_gradient(const LossScope& scope, const TargetRows& rows, double scale) {
  const Tensor losses = allocate_losses(scope, rows.values.rows(), rows.values.columns());
  scope.ops.binary_cross_entropy_forward(
      {.losses = losses, .logits = rows.values, .targets = rows.targets});
  const PendingLoss loss(scope.backend, scope.ops, losses, scale);
  scope.ops.binary_cross_entropy_backward(
      {.dlogits = rows.values, .logits = rows.values, .targets = rows.targets, .scale = scale});
  return loss;
}

PendingLoss squared_loss_gradient(const LossScope& scope, const TargetRows& rows, double scale) {
  const Tensor losses = allocate_losses(scope, rows.values.rows(), rows.values.columns());
  scope.ops.squared_error_forward(
      {.losses = losses, .predictions = rows.values, .targets = rows.targets});
  const PendingLoss loss(scope.backend, scope.ops, losses, scale);
  scope.ops.squared_error_backward({.dpredictions = rows.values,
                                    .predictions = rows.values,
                                    .targets = rows.targets,
                                    .scale = scale});
  return loss;
}

}  // namespace albert::model
