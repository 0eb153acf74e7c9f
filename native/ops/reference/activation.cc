// y = f(x).
#include "ops/activation.h"

#include <cmath>
#include <numbers>

#include "ops/reference/executor.h"

namespace albert {

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

void ReferenceOps::run(const ActivationForward& op) {
  require_f64("activation", "x", op.x);
  for (int64_t r = 0; r < op.x.rows(); ++r) {
    for (int64_t c = 0; c < op.x.columns(); ++c) {
      op.y.row<double>(r)[c] = activate(op.activation, op.x.row<const double>(r)[c]);
    }
  }
}

}  // namespace albert
