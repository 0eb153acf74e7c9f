// One update of all parameters: the norm of the gradients, AdamW, LAMB.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace albert {

/// sum = Σ x² over all elements of all tensors, added up in f64 in an order that depends on their
/// sizes alone; not finite where an element is not, or where its square is beyond the dtype.
struct SquareSum {
  Tensor sum;                      // (1) f64
  std::span<const Tensor> inputs;  // contiguous; one floating-point dtype
};

/// How a gradient norm above the limit is cut back.
enum class ClipRule : uint8_t {
  kExact,  // limit / max(norm, limit): the original code
  kTorch,  // min(1, limit / (norm + 1e-6)): torch.nn.utils.clip_grad_norm_
};

/// norm = √square_sum; factor as the rule says, 1 where there is no limit; finite = whether the
/// norm is. They stay on the device, so that an update needs no round trip.
struct ClipFactor {
  Tensor factor;      // (1) f64
  Tensor norm;        // (1) f64
  Tensor finite;      // (1) i32: 1 or 0
  Tensor square_sum;  // (1) f64
  double limit;       // 0 = none
  ClipRule rule;
};

/// The factor for a norm: what every backend computes.
double clip_factor_of(double norm, double limit, ClipRule rule);

/// A parameter and what an update of it reads and writes; all of one size and dtype, contiguous.
struct OptimizerSlot {
  Tensor weight;    // overwritten
  Tensor moment;    // overwritten: running mean of the gradient
  Tensor variance;  // overwritten: running mean of its square
  Tensor gradient;
  bool decays;  // takes part in weight decay
  bool adapts;  // takes part in LAMB's trust ratio
};

struct AdamRates {
  double learning_rate;
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
  double correction1;  // 1 − β1ᵗ, or 1: no bias correction, as in the original code
  double correction2;  // 1 − β2ᵗ, or 1
};

/// g = factor · gradient; m = β1 m + (1 − β1) g; v = β2 v + (1 − β2) g²;
/// u = (m / correction1) / (√(v / correction2) + ε) + decay · w; w = w − learning_rate · u.
/// Google's rule is the one without, torch's the one with bias corrections: decay is the same in
/// both, apart from rounding. Nothing is written where finite is 0.
struct AdamWUpdate {
  std::span<const OptimizerSlot> slots;
  Tensor clip_factor;  // (1) f64
  Tensor finite;       // (1) i32
  AdamRates rates;
};

/// u as in AdamW; ratio = ‖w‖ / ‖u‖ where the slot adapts and neither is 0, else 1;
/// w = w − learning_rate · ratio · u (arXiv 1904.00962; the ratio is not clipped). Nothing is
/// written where finite is 0, the ratios neither.
struct LambUpdate {
  Tensor ratios;                         // (slots) f64
  std::span<const OptimizerSlot> slots;  // a ratio for each
  Tensor clip_factor;                    // (1) f64
  Tensor finite;                         // (1) i32
  AdamRates rates;
};

void check(const SquareSum& op);
double flops(const SquareSum& op);
double bytes(const SquareSum& op);
void check(const ClipFactor& op);
double flops(const ClipFactor& op);
double bytes(const ClipFactor& op);
void check(const AdamWUpdate& op);
double flops(const AdamWUpdate& op);
double bytes(const AdamWUpdate& op);
void check(const LambUpdate& op);
double flops(const LambUpdate& op);
double bytes(const LambUpdate& op);

}  // namespace albert
