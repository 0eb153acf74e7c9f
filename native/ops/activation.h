// Elementwise activation functions, alone or as the epilogue of a linear map.
#pragma once

#include "core/tensor.h"

namespace albert {

/// y = f(x). Sources: GELU, arXiv 1606.08415.
///   kNone      x
///   kGeluTanh  0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
///   kGeluErf   0.5 x (1 + erf(x / sqrt(2)))
///   kRelu      max(x, 0)
///   kTanh      tanh(x)
/// The derivative of kRelu at 0 is 0.
enum class Activation : uint8_t { kNone, kGeluTanh, kGeluErf, kRelu, kTanh };

const char* name_of(Activation activation) noexcept;
/// f(x) as it is written above, in float64.
double activate(Activation activation, double x);

struct ActivationForward {
  Tensor y;  // (R, C)
  Tensor x;  // (R, C)
  Activation activation;
};

/// dx = dy ⊙ f'(x).
struct ActivationBackward {
  Tensor dx;  // (R, C); may be the same memory as dy
  Tensor dy;  // (R, C)
  Tensor x;   // (R, C)
  Activation activation;
};

void check(const ActivationForward& op);
double flops(const ActivationForward& op);
double bytes(const ActivationForward& op);
void check(const ActivationBackward& op);
double flops(const ActivationBackward& op);
double bytes(const ActivationBackward& op);

}  // namespace albert
