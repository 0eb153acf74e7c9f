// Reads a trace request, runs it on the pool.
#include "addon/optimizer_trace.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/encoding.h"
#include "addon/optimizer_settings.h"
#include "addon/task.h"
#include "train/optimizer_trace.h"

namespace albert::addon {

namespace {

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
