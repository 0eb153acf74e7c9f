// The learning rate of each update.
#pragma once

#include <cstdint>
#include <string>

namespace albert::train {

enum class ScheduleKind : uint8_t { kConstant, kLinear, kPolynomial, kCosine };

/// "constant", "linear", ...; throws Error{kRange} for anything else.
ScheduleKind schedule_kind(const std::string& name);

/// Rates for update t = 0, 1, … with W warm-up updates and N updates in all. The defaults are
/// Hugging Face's; Google's original sets decay_from_start.
struct ScheduleSettings {
  ScheduleKind kind = ScheduleKind::kLinear;
  double learning_rate = 1e-3;       // at the end of the warm-up
  double end_learning_rate = 0;      // behind update N, where the kind decays
  double power = 1;                  // polynomial only
  double cycles = 0.5;               // cosine only: half a wave, from the peak to the end
  int64_t warmup_steps = 0;          // W
  int64_t max_steps = 1;             // N
  int64_t start_step = 0;            // where the warm-up begins
  bool decay_from_start = false;     // progress is t / N, not (t − W) / (N − W)
  bool warmup_from_one = false;      // the first update has rate 1 / W, not 0
  bool warmup_scales_decay = false;  // the warm-up multiplies the decay, else it stands alone
};

/// Throws Error{kRange} naming the setting.
void validate(const ScheduleSettings& settings);

/// The rate of update t >= 0; past the last update it stays.
double learning_rate_at(const ScheduleSettings& settings, int64_t step);

}  // namespace albert::train
