// Lets JavaScript await and abort a forward pass.
#include "addon/job.h"

#include <utility>

namespace albert::addon {

const napi_type_tag Job::kTag = {uint64_t(uintptr_t(&Job::kTag)), 0x616c62657274'6a6fu};

Napi::FunctionReference Job::define(Napi::Env env) {
  return define_class(env, kName, {method<Job, &Job::abort>("abort")});
}

Napi::Value Job::create(const std::shared_ptr<PendingJob>& pending, Napi::Env env) {
  Napi::Object object =
      wrap_native(env, Environment::of(env).classes.job, std::make_unique<Job>(pending));
  object.Set("promise", pending->promise());
  return object;
}

Napi::Value Job::abort(const Napi::CallbackInfo& info) {
  if (const std::shared_ptr<PendingJob> pending = pending_.lock()) pending->abort(info.Env());
  return info.Env().Undefined();
}

}  // namespace albert::addon
