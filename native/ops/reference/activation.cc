// y = f(x), and its derivative.
#include "ops/activation.h"

#include <cmath>
#include <numbers>

#include "ops/reference/executor.h"

namespace albert {

namespace {

/// d/dx 0.5 x (1 + t), t = tanh(u), u = a (x + b x³): 0.5 (1 + t) + 0.5 x (1 − t²) a (1 + 3 b x²).
double gelu_tanh_slope(double x) {
  const double a = std::sqrt(2 / std::numbers::pi), b = 0.044715;
  const double t = std::tanh(a * (x + b * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * a * (1 + 3 * b * x * x);
}

/// d/dx x Φ(x) = Φ(x) + x φ(x), with the normal distribution and its density.
double gelu_erf_slope(double x) {
  const double distribution = 0.5 * (1 + std::erf(x / std::numbers::sqrt2));
  return distribution + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
}

}  // namespace

double activation_slope(Activation activation, double x) {
  switch (activation) {
    case Activation::kNone:
      return 1;
    case Activation::kGeluTanh:
      return gelu_tanh_slope(x);
    case Activation::kGeluErf:
      return gelu_erf_slope(x);
    case Activation::kRelu:
      return x > 0 ? 1 : 0;
    case Activation::kTanh:
      return 1 - std::tanh(x) * std::tanh(x);
  }
  return 1;
}

void ReferenceOps::run(const ActivationForward& op) {
  require_f64("activation", "x", op.x);
  for (int64_t r = 0; r < op.x.rows(); ++r) {
    for (int64_t c = 0; c < op.x.columns(); ++c) {
      op.y.row<double>(r)[c] = activate(op.activation, op.x.row<const double>(r)[c]);
    }
  }
}

void ReferenceOps::run(const ActivationBackward& op) {
  require_f64("activation_backward", "x", op.x);
  for (int64_t r = 0; r < op.x.rows(); ++r) {
    for (int64_t c = 0; c < op.x.columns(); ++c) {
      op.dx.row<double>(r)[c] = op.dy.row<const double>(r)[c] *
                                activation_slope(op.activation, op.x.row<const double>(r)[c]);
    }
  }
}

}  // namespace albert
