// The binary's exports: what lib/native.ts declares.
#include <napi.h>

#include <iterator>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/gradients.h"
#include "addon/info.h"
#include "addon/job.h"
#include "addon/kernels.h"
#include "addon/model.h"
#include "addon/optimizer_trace.h"
#include "addon/pretraining_stream.h"
#include "addon/records.h"
#include "addon/tokenizer.h"
#include "addon/trainer.h"

namespace albert::addon {

namespace {

/// initialize(make_error): who makes the JavaScript errors of this environment.
Napi::Value initialize(const Napi::CallbackInfo& info) {
  const Napi::Function factory = Argument::of(info, 0, "initialize: make_error").function();
  Environment::of(info.Env()).make_error = Napi::Persistent(factory);
  return info.Env().Undefined();
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
napi_property_descriptor exported(const char* name) {
  return {name,    nullptr, &call_function<function>, nullptr,
          nullptr, nullptr, napi_enumerable,          nullptr};
}

void set_up(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);  // which owns it from here on
  environment->classes = {.model = Model::define(env),
                          .trainer = Trainer::define(env),
                          .job = Job::define(env),
                          .tokenizer = Tokenizer::define(env),
                          .pretraining_stream = PretrainingStream::define(env),
                          .record_reader = RecordReader::define(env),
                          .record_writer = RecordWriter::define(env)};
  const napi_property_descriptor functions[] = {
      exported<&initialize>("initialize"),
      exported<&binary_info>("info"),
      exported<&load_model>("load_model"),
      exported<&create_trainer>("create_trainer"),
      exported<&load_tokenizer>("load_tokenizer"),
      exported<&list_cases>("list_cases"),
      exported<&check_case>("check_case"),
      exported<&time_case>("time_case"),
      exported<&measure_peak>("measure_peak"),
      exported<&trace_optimizer>("trace_optimizer"),
      exported<&open_pretraining_stream>("open_pretraining_stream"),
      exported<&open_record_reader>("open_record_reader"),
      exported<&open_record_writer>("open_record_writer"),
      exported<&frame_record>("frame_record"),
      exported<&batch_gradients>("batch_gradients")};
  const napi_status status = napi_define_properties(env, exports, std::size(functions), functions);
  if (status != napi_ok) throw Napi::Error::New(env);
}

}  // namespace

}  // namespace albert::addon

/// Runs once in every environment that loads the binary: the main thread's and each worker's.
NAPI_MODULE_INIT() {
  return albert::addon::guarded(env, [&]() -> napi_value {
    albert::addon::set_up(env, Napi::Object(env, exports));
    return exports;
  });
}
