// The JavaScript class of a trainer.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/bill.h"
#include "addon/trainer_slot.h"
#include "addon/wrapped.h"

namespace albert::addon {

class Trainer {
 public:
  static constexpr const char* kName = "Trainer";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  Trainer(Napi::Env env, std::shared_ptr<TrainerSlot> slot);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  Napi::Value step_count(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value gradients(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value restore(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

 private:
  /// Runs `body(trainer, stop)` on the pool, as the only call of this trainer.
  template <class Body, class Convert>
  Napi::Value start(Napi::Env env, const char* call, Body body, Convert convert);

  const std::shared_ptr<TrainerSlot> slot_;
  /// Tells the garbage collector what the trainer holds; lives on in work that settles later.
  const std::shared_ptr<ReportedBytes> reported_;
};

/// create_trainer(model, settings): a Trainer.
Napi::Value create_trainer(const Napi::CallbackInfo& info);

}  // namespace albert::addon
