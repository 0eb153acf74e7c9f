// The formulas of the optimizers, element by element.
#include "ops/optimizer.h"

#include <cmath>

#include "ops/reference/executor.h"

namespace albert {

namespace {

void update_moments(const OptimizerSlot& slot, double factor, const AdamRates& rates) {
  auto *m = slot.moment.as<double>(), *v = slot.variance.as<double>();
  for (int64_t i = 0; i < slot.weight.size(); ++i) {
    const double g = factor * slot.gradient.as<const double>()[i];
    m[i] = rates.beta1 * m[i] + (1 - rates.beta1) * g;
    v[i] = rates.beta2 * v[i] + (1 - rates.beta2) * g * g;
  }
}

/// u of the contract, from moments that are up to date.
double update_of(const OptimizerSlot& slot, int64_t i, const AdamRates& rates) {
  const double m = slot.moment.as<const double>()[i] / rates.correction1;
  const double v = slot.variance.as<const double>()[i] / rates.correction2;
  const double decay = slot.decays ? rates.weight_decay : 0;
  return m / (std::sqrt(v) + rates.epsilon) + decay * slot.weight.as<const double>()[i];
}

void apply(const OptimizerSlot& slot, const AdamRates& rates, double ratio) {
  auto* w = slot.weight.as<double>();
  for (int64_t i = 0; i < slot.weight.size(); ++i) {
    w[i] -= rates.learning_rate * ratio * update_of(slot, i, rates);
  }
}

double trust_ratio(const OptimizerSlot& slot, const AdamRates& rates) {
  double weights = 0, updates = 0;
  for (int64_t i = 0; i < slot.weight.size(); ++i) {
    const double w = slot.weight.as<const double>()[i], u = update_of(slot, i, rates);
    weights += w * w;
    updates += u * u;
  }
  return weights > 0 && updates > 0 ? std::sqrt(weights) / std::sqrt(updates) : 1;
}

}  // namespace

void ReferenceOps::run(const SquareSum& op) {
  double sum = 0;
  for (const Tensor& input : op.inputs) {
    require_f64("square_sum", "inputs", input);
    const auto* x = input.as<const double>();
    for (int64_t i = 0; i < input.size(); ++i) sum += x[i] * x[i];
  }
  *op.sum.as<double>() = sum;
}

void ReferenceOps::run(const ClipFactor& op) {
  const double norm = std::sqrt(*op.square_sum.as<const double>());
  *op.norm.as<double>() = norm;
  *op.finite.as<int32_t>() = std::isfinite(norm);
  *op.factor.as<double>() = clip_factor_of(norm, op.limit, op.rule);
}

void ReferenceOps::run(const AdamWUpdate& op) {
  if (*op.finite.as<const int32_t>() == 0) return;
  for (const OptimizerSlot& slot : op.slots) {
    require_f64("adamw", "slots", slot.weight);
    update_moments(slot, *op.clip_factor.as<const double>(), op.rates);
    apply(slot, op.rates, 1);
  }
}

void ReferenceOps::run(const LambUpdate& op) {
  if (*op.finite.as<const int32_t>() == 0) return;
  for (size_t i = 0; i < op.slots.size(); ++i) {
    const OptimizerSlot& slot = op.slots[i];
    require_f64("lamb", "slots", slot.weight);
    update_moments(slot, *op.clip_factor.as<const double>(), op.rates);
    const double ratio = slot.adapts ? trust_ratio(slot, op.rates) : 1;
    op.ratios.as<double>()[i] = ratio;
    apply(slot, op.rates, ratio);
  }
}

}  // namespace albert
