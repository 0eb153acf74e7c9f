// The activation functions and their derivatives on the device.
#pragma once

#include "ops/activation.h"
#include "ops/cuda/launch.cuh"

namespace albert::cuda {

constexpr float kRootOfTwoOverPi = 0.7978845608028654f;
constexpr float kRootOfHalf = 0.7071067811865476f;
constexpr float kDensityAtZero = 0.3989422804014327f;  // of the normal distribution
constexpr float kCubic = 0.044715f;

/// tanh, within an ulp where the library's is within two: from the exponential unless that cancels.
__device__ __forceinline__ float accurate_tanh(float x) {
  const float size = fabsf(x);
  if (!(size >= 0.55f)) return tanhf(x);  // NaN too
  return copysignf(1.0f - 2.0f / (expf(2.0f * size) + 1.0f), x);
}

/// (1 + tanh(u)) / 2 = 1 / (1 + exp(−2u)) and what it lacks to 1, neither by cancellation.
struct Sigmoid {
  float value, rest;
};
__device__ __forceinline__ Sigmoid half_tanh(float u) {
  const float e = expf(-2.0f * fabsf(u));
  const float larger = 1.0f / (1.0f + e), smaller = e / (1.0f + e);
  return u >= 0.0f ? Sigmoid{larger, smaller} : Sigmoid{smaller, larger};
}

/// The argument of the hyperbolic tangent in GELU.
__device__ __forceinline__ float gelu_argument(float x) {
  return kRootOfTwoOverPi * (x + kCubic * x * x * x);
}

__device__ __forceinline__ float normal_distribution(float x) {
  return 0.5f * erfcf(-kRootOfHalf * x);  // 1 + erf would cancel for negative x
}

__device__ __forceinline__ float activate(Activation activation, float x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGeluTanh:
      return x * half_tanh(gelu_argument(x)).value;
    case Activation::kGeluErf:
      return x * normal_distribution(x);
    case Activation::kRelu:
      return x < 0.0f ? 0.0f : x;  // NaN stays NaN
    case Activation::kTanh:
      return accurate_tanh(x);
  }
  return x;
}

/// f'(x). Of GELU with q = (1 + tanh(a (x + b x³))) / 2, so that 1 − tanh² = 4 q (1 − q):
/// q + 2 x q (1 − q) a (1 + 3 b x²); with the normal distribution: Φ(x) + x φ(x).
__device__ __forceinline__ float activation_slope(Activation activation, float x) {
  switch (activation) {
    case Activation::kNone:
      return 1.0f;
    case Activation::kGeluTanh: {
      const Sigmoid q = half_tanh(gelu_argument(x));
      const float inner = kRootOfTwoOverPi * (1.0f + 3.0f * kCubic * x * x);
      return q.value + 2.0f * x * (q.value * q.rest) * inner;
    }
    case Activation::kGeluErf:
      return normal_distribution(x) + x * kDensityAtZero * expf(-0.5f * x * x);
    case Activation::kRelu:
      return x > 0.0f ? 1.0f : 0.0f;
    case Activation::kTanh: {
      const Sigmoid q = half_tanh(x);
      return 4.0f * q.value * q.rest;
    }
  }
  return 1.0f;
}

}  // namespace albert::cuda
