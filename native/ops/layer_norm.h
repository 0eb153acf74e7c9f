// Layer normalization of x + residual.
#pragma once

#include "core/tensor.h"

namespace albert {

/// With s = x + residual:  mean = Σ s / C,  variance = Σ (s − mean)² / C (two passes: with epsilon
/// 1e-12 the one-pass formula fails in float32),  rstd = 1 / sqrt(variance + epsilon),  y = (s −
/// mean) · rstd · weight + bias. Source: arXiv 1607.06450. Statistics are float32 or wider.
struct LayerNormForward {
  Tensor y;         // (R, C), activation or master dtype; may be the memory of x or residual
  Tensor mean;      // (R), kept for backward; none = not kept
  Tensor rstd;      // (R), kept for backward; none = not kept
  Tensor x;         // (R, C), activation or master dtype
  Tensor residual;  // (R, C) as y; none = zeros
  Tensor weight;    // (C)
  Tensor bias;      // (C)
  double epsilon;
};

void check(const LayerNormForward& op);
double flops(const LayerNormForward& op);
double bytes(const LayerNormForward& op);

}  // namespace albert
