// Warm-up and decay.
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace albert::train {

namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw Error(ErrorCode::kRange, "learning rate schedule: expected " + what);
}

/// What is left of the rate, from 1 down to 0.
double decay_of(const ScheduleSettings& settings, double progress) {
  switch (settings.kind) {
    case ScheduleKind::kConstant:
      return 1;
    case ScheduleKind::kLinear:
      return 1 - progress;
    case ScheduleKind::kPolynomial:
      return std::pow(1 - progress, settings.power);
    case ScheduleKind::kCosine:
      return 0.5 * (1 + std::cos(2 * std::numbers::pi * settings.cycles * progress));
  }
  return 1;
}

double decayed_rate(const ScheduleSettings& settings, int64_t step) {
  const int64_t begin = settings.decay_from_start ? 0 : settings.start_step + settings.warmup_steps;
  const int64_t end = settings.max_steps;
  const double progress =
      end > begin ? double(std::clamp(step, begin, end) - begin) / double(end - begin) : 1;
  const double end_rate = settings.kind == ScheduleKind::kConstant ? 0 : settings.end_learning_rate;
  return (settings.learning_rate - end_rate) * decay_of(settings, progress) + end_rate;
}

}  // namespace

ScheduleKind schedule_kind(const std::string& name) {
  if (name == "constant") return ScheduleKind::kConstant;
  if (name == "linear") return ScheduleKind::kLinear;
  if (name == "polynomial") return ScheduleKind::kPolynomial;
  if (name == "cosine") return ScheduleKind::kCosine;
  throw Error(ErrorCode::kRange,
              "learning rate schedule: expected \"linear\", \"polynomial\", \"constant\" or "
              "\"cosine\", got \"" +
                  name + "\"");
}

void validate(const ScheduleSettings& settings) {
  require(settings.learning_rate >= 0 && std::isfinite(settings.learning_rate),
          "a learning_rate of at least 0");
  require(settings.end_learning_rate >= 0 && std::isfinite(settings.end_learning_rate),
          "an end learning rate of at least 0");
  require(settings.power > 0 && std::isfinite(settings.power), "a power above 0");
  require(settings.cycles >= 0 && std::isfinite(settings.cycles), "at least 0 cycles");
  require(settings.warmup_steps >= 0 && settings.start_step >= 0, "at least 0 warmup_steps");
  require(settings.max_steps >= 1, "max_steps of at least 1");
}

double learning_rate_at(const ScheduleSettings& settings, int64_t step) {
  const int64_t since = step - settings.start_step;
  if (since < settings.warmup_steps) {
    const double warmed =
        double(since + (settings.warmup_from_one ? 1 : 0)) / double(settings.warmup_steps);
    const double peak =
        settings.warmup_scales_decay ? decayed_rate(settings, step) : settings.learning_rate;
    return peak * std::max(0.0, warmed);
  }
  return decayed_rate(settings, step);
}

}  // namespace albert::train
