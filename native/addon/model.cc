// Loading, forward passes, saving and disposing as JavaScript sees them.
#include "addon/model.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/forward_request.h"
#include "addon/job.h"
#include "addon/load_request.h"
#include "addon/task.h"

namespace albert::addon {

namespace {

Napi::Value model_of(Napi::Env env, const std::shared_ptr<engine::Engine>& engine) {
  Environment& environment = Environment::of(env);
  environment.watch(engine);
  return wrap_native(env, environment.classes.model, std::make_unique<Model>(env, engine));
}

/// The promise of dispose(): posted by the engine when it is idle.
class Disposal final : public Completion {
 public:
  explicit Disposal(Napi::Env env) : deferred_(env) {}
  Napi::Value promise() const { return deferred_.promise(); }
  void settle(Napi::Env env) noexcept override { deferred_.resolve(env, env.Undefined()); }

 private:
  Deferred deferred_;
};

}  // namespace

const napi_type_tag Model::kTag = {uint64_t(uintptr_t(&Model::kTag)), 0x616c62657274'6d6fu};

Napi::FunctionReference Model::define(Napi::Env env) {
  return define_class(
      env, kName,
      {getter<Model, &Model::warnings>("warnings"), getter<Model, &Model::disposed>("disposed"),
       method<Model, &Model::forward>("forward"), method<Model, &Model::memory>("memory"),
       method<Model, &Model::save>("save"), method<Model, &Model::dispose>("dispose")});
}

Model::Model(Napi::Env env, std::shared_ptr<engine::Engine> engine)
    : engine_(std::move(engine)), reported_(env) {
  reported_.report(engine_->memory());
}

Model::~Model() {
  reported_.close();
}

void Model::refuse_if_disposed(const char* call) const {
  if (!disposed_) return;
  throw Error(ErrorCode::kDisposed,
              std::string(call) + ": the model was disposed of; load it again to use it");
}

Napi::Value Model::warnings(const Napi::CallbackInfo& info) {
  const std::vector<std::string>& all = engine_->warnings();
  Napi::Array array = Napi::Array::New(info.Env(), all.size());
  for (size_t i = 0; i < all.size(); ++i) array.Set(uint32_t(i), all[i]);
  return array;
}

Napi::Value Model::disposed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), disposed_);
}

Napi::Value Model::forward(const Napi::CallbackInfo& info) {
  engine::JobRequest request = read_forward_request(Argument::of(info, 0, "forward: request"));
  refuse_if_disposed("forward");  // after the getters of the request have run
  return Job::create(PendingJob::submit(info.Env(), engine_, std::move(request)), info.Env());
}

Napi::Value Model::memory(const Napi::CallbackInfo& info) {
  refuse_if_disposed("memory");
  return bill_to_javascript(info.Env(), engine_->memory());
}

Napi::Value Model::save(const Napi::CallbackInfo& info) {
  std::string file = Argument::of(info, 0, "save: file").utf8_without_nul();
  refuse_if_disposed("save");
  const auto write = [engine = engine_, file = std::move(file)] {
    engine->save(file);
    return Nothing{};
  };
  return start_task(info.Env(), write, &undefined_of);
}

Napi::Value Model::dispose(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  disposed_ = true;
  reported_.close();
  auto disposal = std::make_shared<Disposal>(info.Env());
  const Napi::Value promise = disposal->promise();
  environment.mailbox()->expect();
  engine_->close([mailbox = environment.mailbox(), disposal = std::move(disposal)] {
    mailbox->post(disposal);
  });
  return promise;
}

Napi::Value load_model(const Napi::CallbackInfo& info) {
  engine::LoadRequest request = read_load_request(Argument::of(info, 0, "load_model: request"));
  const auto load = [request = std::move(request)] { return engine::Engine::load(request); };
  return start_task(info.Env(), load, &model_of);
}

}  // namespace albert::addon
