// Work on the pool whose result settles a promise: the one way of blocking calls.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "addon/environment.h"
#include "addon/errors.h"

namespace albert::addon {

/// `Work` runs on the pool, returns a value or throws, and holds nothing of JavaScript. `Convert`
/// makes the JavaScript value of it on the JavaScript thread.
template <class Work, class Convert>
class Task final : public Completion {
 public:
  Task(Napi::Env env, Work work, Convert convert)
      : deferred_(env), work_(std::move(work)), convert_(std::move(convert)) {}

  Napi::Value promise() const { return deferred_.promise(); }

  void run() noexcept {
    try {
      result_ = work_();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  void settle(Napi::Env env) noexcept override {
    try {
      if (failure_) std::rethrow_exception(failure_);
      deferred_.resolve(env, convert_(env, *std::move(result_)));
    } catch (...) {
      deferred_.reject(env, std::current_exception());
    }
  }

 private:
  Deferred deferred_;
  Work work_;
  Convert convert_;
  std::optional<std::invoke_result_t<Work&>> result_;
  std::exception_ptr failure_;
};

/// Starts a task and returns its promise.
template <class Work, class Convert>
Napi::Value start_task(Napi::Env env, Work work, Convert convert) {
  Environment& environment = Environment::of(env);
  environment.pool();  // may throw: before there is a promise that nobody would settle
  auto task = std::make_shared<Task<Work, Convert>>(env, std::move(work), std::move(convert));
  const Napi::Value promise = task->promise();
  environment.run_on_pool([mailbox = environment.mailbox(), task = std::move(task)]() mutable {
    task->run();
    mailbox->post(std::move(task));
  });
  environment.mailbox()->expect();
  return promise;
}

/// The result of work that is done for its effect.
struct Nothing {};

inline Napi::Value undefined_of(Napi::Env env, Nothing) {
  return env.Undefined();
}

}  // namespace albert::addon
