// Reads optimizer and schedule settings, runs the trace on the pool.
#include "addon/optimizer_trace.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/encoding.h"
#include "addon/task.h"
#include "train/optimizer_trace.h"

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

train::TraceRequest read_request(const Argument& request) {
  const Argument isa = request.field("instruction_set");
  train::TraceRequest trace{
      .backend = {.device = request.field("device").utf8(),
                  .instruction_set = isa.absent() ? "" : isa.utf8_without_nul()},
      .optimizer = read_optimizer(request.field("optimizer")),
      .schedule = read_schedule(request.field("schedule")),
      .parameters = {},
      .gradients = {}};
  for (const Argument& parameter : request.field("parameters").items()) {
    trace.parameters.push_back({parameter.field("name").utf8(), parameter.field("data").doubles()});
  }
  for (const Argument& update : request.field("gradients").items()) {
    auto& gradients = trace.gradients.emplace_back();
    for (const Argument& gradient : update.items()) gradients.push_back(gradient.doubles());
  }
  return trace;
}

Napi::Object update_to_javascript(Napi::Env env, const train::TraceUpdate& update) {
  Napi::Array parameters = Napi::Array::New(env, update.values.size());
  for (size_t i = 0; i < update.values.size(); ++i) {
    const std::vector<double>& values = update.values[i];
    parameters.Set(uint32_t(i), typed_array_of(env, values.data(), values.size()));
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("learning_rate", update.learning_rate);
  result.Set("grad_norm", update.report.gradient_norm);
  result.Set("skipped", update.report.skipped);
  result.Set("trust_ratios",
             typed_array_of(env, update.trust_ratios.data(), update.trust_ratios.size()));
  result.Set("parameters", parameters);
  return result;
}

Napi::Value updates_to_javascript(Napi::Env env, const std::vector<train::TraceUpdate>& updates) {
  Napi::Array array = Napi::Array::New(env, updates.size());
  for (size_t i = 0; i < updates.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(uint32_t(i), update_to_javascript(env, updates[i]));
  }
  return array;
}

}  // namespace

Napi::Value trace_optimizer(const Napi::CallbackInfo& info) {
  const Argument request = Argument::of(info, 0, "trace_optimizer: request");
  const auto work = [trace = read_request(request)] { return train::trace_optimizer(trace); };
  return start_task(info.Env(), work, &updates_to_javascript);
}

}  // namespace albert::addon
