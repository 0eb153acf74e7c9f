// Runs op checks on the pool and reports them.
#include "addon/kernels.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/task.h"
#include "check/check.h"
#include "check/peak.h"

namespace albert::addon {

namespace {

/// A working set beyond it would measure how long memory takes to get.
constexpr int64_t kLargestWorkingSet = int64_t{1} << 32;

/// The case, instruction set and dtype of a call; an empty instruction set means the best one.
struct CaseRequest {
  std::string name;
  BackendOptions backend;
};

/// Instruction set and dtype, from argument `first` on.
BackendOptions read_backend(const Napi::CallbackInfo& info, size_t first, const std::string& call) {
  return {
      .device = "cpu",
      .dtype = Argument::of(info, first + 1, call + ": dtype").utf8_without_nul(),
      .instruction_set = Argument::of(info, first, call + ": instruction_set").utf8_without_nul()};
}

CaseRequest read_case(const Napi::CallbackInfo& info, const std::string& call) {
  return {.name = Argument::of(info, 0, call + ": name").utf8(),
          .backend = read_backend(info, 1, call)};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

Napi::Value parity_to_javascript(Napi::Env env, const checks::ParityReport& report) {
  Napi::Array outputs = Napi::Array::New(env, report.outputs.size());
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    const checks::OutputError& error = report.outputs[i];
    Napi::Object output = Napi::Object::New(env);
    output.Set("name", error.name);
    output.Set("max_absolute_error", error.max_absolute);
    output.Set("relative_error", error.relative_l2);
    output.Set("tolerance", error.allowed_absolute);
    outputs.Set(uint32_t(i), output);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("passed", report.passed());
  result.Set("outputs", outputs);
  result.Set("message", joined(report.failures));
  return result;
}

Napi::Value timing_to_javascript(Napi::Env env, const checks::TimingReport& report) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("median_us", report.median_us);
  result.Set("best_us", report.best_us);
  result.Set("peak_share", report.peak_share);
  result.Set("calm_peak_share", report.calm_peak_share);
  result.Set("runs", double(report.runs));
  result.Set("flops", report.flops);
  result.Set("bytes", report.bytes);
  result.Set("threads", report.threads);
  return result;
}

Napi::Value peak_to_javascript(Napi::Env env, const checks::PeakReport& report) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("flops", report.flops);
  result.Set("bytes", report.bytes);
  result.Set("threads", report.threads);
  return result;
}

}  // namespace

Napi::Value list_cases(const Napi::CallbackInfo& info) {
  const Argument timed = Argument::of(info, 0, "list_cases: timed");
  const bool all = timed.absent() || !timed.boolean();
  Napi::Array names = Napi::Array::New(info.Env());
  for (const checks::CaseInfo& each : checks::list_cases()) {
    if (all || each.timed) names.Set(names.Length(), each.name);
  }
  return names;
}

Napi::Value check_case(const Napi::CallbackInfo& info) {
  const auto work = [request = read_case(info, "check_case")] {
    return checks::check_case(request.name, request.backend);
  };
  return start_task(info.Env(), work, &parity_to_javascript);
}

Napi::Value time_case(const Napi::CallbackInfo& info) {
  const auto work = [request = read_case(info, "time_case")] {
    return checks::time_case(request.name, request.backend);
  };
  return start_task(info.Env(), work, &timing_to_javascript);
}

Napi::Value measure_peak(const Napi::CallbackInfo& info) {
  const size_t working_set =
      size_t(Argument::of(info, 0, "measure_peak: working_set").integer(0, kLargestWorkingSet));
  const BackendOptions options = read_backend(info, 1, "measure_peak");
  const auto work = [=] { return checks::measure_peak(options, working_set); };
  return start_task(info.Env(), work, &peak_to_javascript);
}

}  // namespace albert::addon
