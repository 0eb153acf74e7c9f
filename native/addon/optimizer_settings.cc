// JavaScript objects → settings of optimizers and schedules, field by field.
#include "addon/optimizer_settings.h"

#include <cstdint>

namespace albert::addon {

namespace {

constexpr int64_t kMostSteps = int64_t{1} << 53;

void read(const Argument& settings, const char* name, double& value) {
  const Argument field = settings.field(name);
  if (!field.absent()) value = field.number();
}

void read(const Argument& settings, const char* name, int64_t& value) {
  const Argument field = settings.field(name);
  if (!field.absent()) value = field.integer(0, kMostSteps);
}

}  // namespace

train::OptimizerSettings read_optimizer(const Argument& settings) {
  train::OptimizerSettings read_settings;
  read_settings.kind = train::optimizer_kind(settings.field("kind").utf8());
  read(settings, "beta1", read_settings.beta1);
  read(settings, "beta2", read_settings.beta2);
  read(settings, "epsilon", read_settings.epsilon);
  read(settings, "weight_decay", read_settings.weight_decay);
  read(settings, "max_grad_norm", read_settings.max_grad_norm);
  read_settings.bias_correction = flag(settings, "bias_correction");
  if (flag(settings, "torch_clipping")) read_settings.clip_rule = ClipRule::kTorch;
  const Argument exclude = settings.field("exclude");
  if (exclude.absent()) return read_settings;
  read_settings.exclude.clear();
  for (const Argument& part : exclude.items()) read_settings.exclude.push_back(part.utf8());
  return read_settings;
}

train::ScheduleSettings read_schedule(const Argument& settings) {
  train::ScheduleSettings schedule;
  schedule.kind = train::schedule_kind(settings.field("kind").utf8());
  read(settings, "learning_rate", schedule.learning_rate);
  read(settings, "end_learning_rate", schedule.end_learning_rate);
  read(settings, "power", schedule.power);
  read(settings, "cycles", schedule.cycles);
  read(settings, "warmup_steps", schedule.warmup_steps);
  read(settings, "max_steps", schedule.max_steps);
  read(settings, "start_step", schedule.start_step);
  schedule.decay_from_start = flag(settings, "decay_from_start");
  schedule.warmup_from_one = flag(settings, "warmup_from_one");
  schedule.warmup_scales_decay = flag(settings, "warmup_scales_decay");
  return schedule;
}

}  // namespace albert::addon
