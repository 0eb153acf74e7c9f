// AdamW and LAMB on all parameters of a model: groups by name, moments, clipping.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/arena.h"
#include "model/params.h"
#include "ops/backend.h"
#include "ops/optimizer.h"

namespace albert::train {

enum class OptimizerKind : uint8_t { kAdamW, kLamb };

/// "adamw" or "lamb"; throws Error{kRange} for anything else.
OptimizerKind optimizer_kind(const std::string& name);

/// The defaults are those of the original code, for both kinds.
struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::kAdamW;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-6;
  double weight_decay = 0.01;
  bool bias_correction = false;  // torch's rule: divide the moments by 1 − βᵗ
  double max_grad_norm = 1;      // 0 = never clip
  ClipRule clip_rule = ClipRule::kExact;
  /// Parameters with one of these in their names neither decay nor, in LAMB, adapt.
  std::vector<std::string> exclude = {"LayerNorm", "layer_norm", "bias"};
};

/// Throws Error{kRange} naming the setting.
void validate(const OptimizerSettings& settings);

/// A parameter in a backend's memory, in its master dtype. The tensors outlive the optimizer.
struct TrainedParameter {
  std::string name;
  Tensor weight;
  Tensor gradient;
};

/// All parameters of a model with their gradients, in the order of for_each.
std::vector<TrainedParameter> trained_parameters(model::AlbertParams& weights,
                                                 model::AlbertParams& gradients,
                                                 const model::Architecture& architecture);

struct UpdateReport {
  double gradient_norm;  // before clipping
  bool skipped;          // the norm was not finite: nothing changed
};

/// Owns the moments. Not thread-safe.
class Optimizer {
 public:
  /// Throws Error{kRange} for settings out of range, Error{kMemory} where the moments do not fit.
  Optimizer(Backend& backend, const std::vector<TrainedParameter>& parameters,
            const OptimizerSettings& settings);

  /// Updates every weight from its gradient, which stays as it is, and waits for it.
  UpdateReport update(Ops& ops, double learning_rate);

  /// Updates that were not skipped: what the bias correction counts.
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }

  /// Visits each parameter's name and moments, to save and to restore them.
  void for_each_moment(
      const std::function<void(const std::string& name, Tensor& moment, Tensor& variance)>& visit);

  /// LAMB's ratios of the last update, in the order of the parameters; empty for AdamW.
  std::vector<double> trust_ratios() const;
  std::vector<BillItem> bill() const { return arena_.bill(); }
  /// With what its memory is rounded up by.
  size_t held_bytes() const { return arena_.capacity(); }

 private:
  AdamRates rates(double learning_rate) const;
  Tensor zeros(const char* name, const Tensor& like);

  Backend& backend_;
  const OptimizerSettings settings_;
  Arena arena_;
  std::vector<std::string> names_;
  std::vector<OptimizerSlot> slots_;
  std::vector<Tensor> gradients_;
  Tensor square_sum_, factor_, norm_, finite_;  // (1)
  Tensor ratios_;                               // (slots); none for AdamW
  int64_t updates_ = 0;
};

}  // namespace albert::train
