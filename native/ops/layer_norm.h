// Layer normalization of x + residual, with the dropout of x.
#pragma once

#include "ops/dropout.h"

namespace albert {

/// With s = dropout(x) + residual:  mean = Σ s / C,  variance = Σ (s − mean)² / C (two passes: with
/// epsilon 1e-12 the one-pass formula fails in float32),  rstd = 1 / sqrt(variance + epsilon),  y =
/// (s − mean) · rstd · weight + bias. Source: arXiv 1607.06450. Statistics are float32 or wider.
struct LayerNormForward {
  Tensor y;         // (R, C), activation or master dtype; may be the memory of x or residual
  Tensor mean;      // (R), kept for backward; none = not kept
  Tensor rstd;      // (R), kept for backward; none = not kept
  Tensor x;         // (R, C), activation or master dtype
  Tensor residual;  // (R, C) as y; none = zeros
  Tensor weight;    // (C)
  Tensor bias;      // (C)
  double epsilon;
  Dropout dropout;  // of x; = {}: none
  bool operator==(const LayerNormForward&) const = default;
};

/// With ŝ = (s − mean) · rstd and g = dy ⊙ weight:
///   dresidual = rstd (g − Σ g / C − ŝ Σ (g ŝ) / C),  dx = dresidual ⊙ mask,
///   dweight += Σ_r dy ŝ,  dbias += Σ_r dy
/// The three terms: s reaches y by itself, by the mean, and by the variance.
struct LayerNormBackward {
  Tensor dx;         // (R, C); may be the same memory as dy
  Tensor dresidual;  // (R, C); none = not wanted; may be the same memory as dy
  Tensor dweight;    // (C), added to; none = not wanted
  Tensor dbias;      // (C), added to; none = not wanted
  Tensor dy;         // (R, C)
  Tensor x;          // (R, C)
  Tensor residual;   // (R, C); none = zeros
  Tensor mean;       // (R), from forward
  Tensor rstd;       // (R), from forward
  Tensor weight;     // (C)
  Dropout dropout;   // of x, as in forward
};

void check(const LayerNormForward& op);
double flops(const LayerNormForward& op);
double bytes(const LayerNormForward& op);
void check(const LayerNormBackward& op);
double flops(const LayerNormBackward& op);
double bytes(const LayerNormBackward& op);

}  // namespace albert
