// Contracts of the ops that update parameters.
#include "ops/optimizer.h"

#include <algorithm>
#include <string>

#include "ops/contract.h"

namespace albert {

namespace {

bool is_like(const Tensor& tensor, const Tensor& model) {
  return tensor.data != nullptr && tensor.dtype == model.dtype && tensor.rank == model.rank &&
         tensor.shape == model.shape && (tensor.rows() <= 1 || tensor.contiguous());
}

void expect_like(const Contract& contract, const std::string& name, const Tensor& tensor,
                 const Tensor& model) {
  if (model.size() == 0 || is_like(tensor, model)) return;
  contract.fail(name + " like " + model.describe() + ", contiguous, with memory",
                tensor.describe());
}

void check_slots(const Contract& contract, std::span<const OptimizerSlot> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    const OptimizerSlot& slot = slots[i];
    const std::string name = "slots[" + std::to_string(i) + "].";
    if (slot.weight.dtype != slots[0].weight.dtype) {
      contract.fail("slots of one dtype", slot.weight.describe());
    }
    expect_like(contract, name + "weight", slot.weight, slot.weight);
    expect_like(contract, name + "moment", slot.moment, slot.weight);
    expect_like(contract, name + "variance", slot.variance, slot.weight);
    expect_like(contract, name + "gradient", slot.gradient, slot.weight);
  }
}

void check_scalars(const Contract& contract, const Tensor& clip_factor, const Tensor& finite) {
  contract.expect("clip_factor", clip_factor, DType::kF64, {1});
  contract.expect("finite", finite, DType::kI32, {1});
}

double elements(std::span<const OptimizerSlot> slots) {
  double total = 0;
  for (const OptimizerSlot& slot : slots) total += double(slot.weight.size());
  return total;
}

double bytes_each(std::span<const OptimizerSlot> slots) {
  return slots.empty() ? 0 : double(size_of(slots[0].weight.dtype));
}

}  // namespace

void check(const SquareSum& op) {
  const Contract contract("square_sum");
  contract.expect("sum", op.sum, DType::kF64, {1});
  for (const Tensor& input : op.inputs) {
    expect_like(contract, "inputs", input, input);
    if (input.dtype != op.inputs[0].dtype) {
      contract.fail("inputs of one dtype", input.describe());
    }
  }
}

double flops(const SquareSum& op) {
  double total = 0;
  for (const Tensor& input : op.inputs) total += 2.0 * double(input.size());
  return total;
}

double bytes(const SquareSum& op) {
  double total = bytes_of(op.sum);
  for (const Tensor& input : op.inputs) total += bytes_of(input);
  return total;
}

void check(const ClipFactor& op) {
  const Contract contract("clip_factor");
  contract.expect("factor", op.factor, DType::kF64, {1});
  contract.expect("norm", op.norm, DType::kF64, {1});
  contract.expect("finite", op.finite, DType::kI32, {1});
  contract.expect("square_sum", op.square_sum, DType::kF64, {1});
  if (!(op.limit >= 0)) contract.fail("limit >= 0", std::to_string(op.limit));
}

double clip_factor_of(double norm, double limit, ClipRule rule) {
  if (limit == 0) return 1;
  if (rule == ClipRule::kExact) return limit / std::max(norm, limit);
  return std::min(1.0, limit / (norm + 1e-6));
}

double flops(const ClipFactor&) {
  return 3;
}

double bytes(const ClipFactor& op) {
  return bytes_of({op.factor, op.norm, op.finite, op.square_sum});
}

void check(const AdamWUpdate& op) {
  const Contract contract("adamw");
  check_slots(contract, op.slots);
  check_scalars(contract, op.clip_factor, op.finite);
}

double flops(const AdamWUpdate& op) {
  return 16 * elements(op.slots);
}

/// Reads four arrays, writes three.
double bytes(const AdamWUpdate& op) {
  return 7 * elements(op.slots) * bytes_each(op.slots);
}

void check(const LambUpdate& op) {
  const Contract contract("lamb");
  check_slots(contract, op.slots);
  check_scalars(contract, op.clip_factor, op.finite);
  contract.expect("ratios", op.ratios, DType::kF64, {int64_t(op.slots.size())});
}

/// The update is computed twice: for its norm, and to be applied.
double flops(const LambUpdate& op) {
  return 28 * elements(op.slots);
}

/// Reads four arrays and writes two, then reads three and writes one.
double bytes(const LambUpdate& op) {
  return 10 * elements(op.slots) * bytes_each(op.slots) + bytes_of(op.ratios);
}

}  // namespace albert
