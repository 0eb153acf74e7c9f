// The JavaScript class of a running forward pass.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/pending_job.h"
#include "addon/wrapped.h"

namespace albert::addon {

class Job {
 public:
  static constexpr const char* kName = "Job";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  /// A job object with the property `promise`.
  static Napi::Value create(const std::shared_ptr<PendingJob>& pending, Napi::Env env);

  explicit Job(std::weak_ptr<PendingJob> pending) : pending_(std::move(pending)) {}

  Napi::Value abort(const Napi::CallbackInfo& info);

 private:
  std::weak_ptr<PendingJob> pending_;
};

}  // namespace albert::addon
