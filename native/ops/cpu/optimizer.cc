// Optimizer updates: chunks of fixed size are dealt out to threads, partial sums added in order.
#include "ops/optimizer.h"

#include <algorithm>
#include <cmath>

#include "ops/cpu/executor.h"

namespace albert::cpu {

namespace {

/// 64 KiB a tensor: small enough to share out evenly, large enough to stream.
constexpr int64_t kChunkElements = 16384;
/// An update streams 28 bytes an element, LAMB 40; memory gives about 10 bytes a nanosecond.
constexpr double kUnitsPerSum = 0.3;
constexpr double kUnitsPerUpdate = 2.5;

AdamTask task_of(const AdamRates& rates, double clip_factor) {
  return {.weight = nullptr,
          .moment = nullptr,
          .variance = nullptr,
          .gradient = nullptr,
          .count = 0,
          .gradient_factor = float(clip_factor),
          .beta1 = float(rates.beta1),
          .beta2 = float(rates.beta2),
          .one_minus_beta1 = float(1 - rates.beta1),
          .one_minus_beta2 = float(1 - rates.beta2),
          .moment_factor = float(1 / rates.correction1),
          .variance_factor = float(1 / std::sqrt(rates.correction2)),
          .epsilon = float(rates.epsilon),
          .weight_decay = float(rates.weight_decay),
          .learning_rate = float(rates.learning_rate)};
}

}  // namespace

void CpuOps::append_optimizer_chunks(size_t slot, int64_t size) {
  for (int64_t begin = 0; begin < size; begin += kChunkElements) {
    optimizer_chunks_.push_back({slot, begin, std::min(kChunkElements, size - begin)});
  }
}

void CpuOps::list_optimizer_chunks(std::span<const OptimizerSlot> slots) {
  optimizer_chunks_.clear();
  for (size_t i = 0; i < slots.size(); ++i) append_optimizer_chunks(i, slots[i].weight.size());
}

template <class Body>
void CpuOps::for_chunks(double units_per_element, const Body& body) {
  const int64_t count = int64_t(optimizer_chunks_.size());
  for_ranges(count, units_per_element * double(kChunkElements), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(optimizer_chunks_[size_t(i)], size_t(i));
  });
}

void CpuOps::run(const SquareSum& op) {
  optimizer_chunks_.clear();
  for (size_t i = 0; i < op.inputs.size(); ++i) append_optimizer_chunks(i, op.inputs[i].size());
  partial_sums_.resize(optimizer_chunks_.size());
  for_chunks(kUnitsPerSum, [&](const OptimizerChunk& chunk, size_t index) {
    const float* x = op.inputs[chunk.slot].as<const float>() + chunk.begin;
    partial_sums_[index].update = kernels_.square_sum(x, chunk.count);
  });
  double sum = 0;
  for (const LambSums& partial : partial_sums_) sum += partial.update;
  *op.sum.as<double>() = sum;
}

void CpuOps::run(const ClipFactor& op) {
  const double norm = std::sqrt(*op.square_sum.as<const double>());
  *op.norm.as<double>() = norm;
  *op.finite.as<int32_t>() = std::isfinite(norm);
  *op.factor.as<double>() = clip_factor_of(norm, op.limit, op.rule);
}

AdamTask CpuOps::adam_task(const AdamTask& rates, const OptimizerSlot& slot,
                           const OptimizerChunk& chunk) {
  AdamTask task = rates;
  task.weight = slot.weight.as<float>() + chunk.begin;
  task.moment = slot.moment.as<float>() + chunk.begin;
  task.variance = slot.variance.as<float>() + chunk.begin;
  task.gradient = slot.gradient.as<const float>() + chunk.begin;
  task.count = chunk.count;
  if (!slot.decays) task.weight_decay = 0;
  return task;
}

void CpuOps::run(const AdamWUpdate& op) {
  if (*op.finite.as<const int32_t>() == 0) return;
  list_optimizer_chunks(op.slots);
  const AdamTask rates = task_of(op.rates, *op.clip_factor.as<const double>());
  for_chunks(kUnitsPerUpdate, [&](const OptimizerChunk& chunk, size_t) {
    kernels_.adamw(adam_task(rates, op.slots[chunk.slot], chunk));
  });
}

void CpuOps::run(const LambUpdate& op) {
  if (*op.finite.as<const int32_t>() == 0) return;
  list_optimizer_chunks(op.slots);
  partial_sums_.resize(optimizer_chunks_.size());
  const AdamTask rates = task_of(op.rates, *op.clip_factor.as<const double>());
  for_chunks(kUnitsPerUpdate, [&](const OptimizerChunk& chunk, size_t index) {
    partial_sums_[index] = kernels_.lamb_moments(adam_task(rates, op.slots[chunk.slot], chunk));
  });
  find_trust_ratios(op);
  for_chunks(kUnitsPerUpdate, [&](const OptimizerChunk& chunk, size_t) {
    AdamTask task = adam_task(rates, op.slots[chunk.slot], chunk);
    task.learning_rate = float(op.rates.learning_rate * op.ratios.as<const double>()[chunk.slot]);
    kernels_.lamb_apply(task);
  });
}

void CpuOps::find_trust_ratios(const LambUpdate& op) {
  size_t chunk = 0;
  for (size_t i = 0; i < op.slots.size(); ++i) {
    LambSums sums = {0, 0};
    for (; chunk < optimizer_chunks_.size() && optimizer_chunks_[chunk].slot == i; ++chunk) {
      sums.weight += partial_sums_[chunk].weight;
      sums.update += partial_sums_[chunk].update;
    }
    const bool adapts = op.slots[i].adapts && sums.weight > 0 && sums.update > 0;
    op.ratios.as<double>()[i] = adapts ? std::sqrt(sums.weight / sums.update) : 1.0;
  }
}

}  // namespace albert::cpu
