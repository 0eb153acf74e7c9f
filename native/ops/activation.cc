// Contract of the elementwise activations.
#include "ops/activation.h"

#include <cmath>
#include <numbers>

#include "ops/contract.h"

namespace albert {

const char* name_of(Activation activation) noexcept {
  switch (activation) {
    case Activation::kNone:
      return "none";
    case Activation::kGeluTanh:
      return "gelu_tanh";
    case Activation::kGeluErf:
      return "gelu_erf";
    case Activation::kRelu:
      return "relu";
    case Activation::kTanh:
      return "tanh";
  }
  return "unknown";
}

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGeluTanh:
      return 0.5 * x *
             (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::kGeluErf:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::kRelu:
      return x < 0 ? 0.0 : x;  // NaN stays NaN
    case Activation::kTanh:
      return std::tanh(x);
  }
  return x;
}

void check(const ActivationForward& op) {
  const Contract contract("activation");
  contract.expect_master("x", op.x, {"R", "C"});
  contract.expect("y", op.y, op.x.dtype, {op.x.rows(), op.x.columns()});
}

double flops(const ActivationForward& op) {
  return double(op.x.size()) * flops_per_element(op.activation);
}

double bytes(const ActivationForward& op) {
  return bytes_of({op.y, op.x});
}

void check(const ActivationBackward& op) {
  const Contract contract("activation_backward");
  contract.expect_master("x", op.x, {"R", "C"});
  contract.expect("dy", op.dy, op.x.dtype, {op.x.rows(), op.x.columns()});
  contract.expect("dx", op.dx, op.x.dtype, {op.x.rows(), op.x.columns()});
}

double flops(const ActivationBackward& op) {
  return double(op.x.size()) * derivative_flops_per_element(op.activation);
}

double bytes(const ActivationBackward& op) {
  return bytes_of({op.dx, op.dy, op.x});
}

}  // namespace albert
