// The JavaScript class of a loaded model.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/bill.h"
#include "addon/wrapped.h"

namespace albert::addon {

class Model {
 public:
  static constexpr const char* kName = "Model";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  /// Reports the engine's memory to the garbage collector until dispose() or the end.
  Model(Napi::Env env, std::shared_ptr<engine::Engine> engine);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Throws Error{kDisposed} behind dispose().
  const std::shared_ptr<engine::Engine>& engine(const char* call) const {
    refuse_if_disposed(call);
    return engine_;
  }

  Napi::Value warnings(const Napi::CallbackInfo& info);
  Napi::Value disposed(const Napi::CallbackInfo& info);
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

 private:
  void refuse_if_disposed(const char* call) const;

  const std::shared_ptr<engine::Engine> engine_;
  ReportedBytes reported_;
  bool disposed_ = false;
};

/// load_model(request): a promise of a Model.
Napi::Value load_model(const Napi::CallbackInfo& info);

}  // namespace albert::addon
