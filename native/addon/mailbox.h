// Carries finished work from the pool to the JavaScript thread of one environment.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace albert::addon {

/// Something that ends with a promise being settled. May be destroyed on any thread, so it holds
/// no handle and no reference to a JavaScript value (a Deferred is a bare pointer).
class Completion {
 public:
  virtual ~Completion() = default;
  /// Called once, on the JavaScript thread.
  virtual void settle(Napi::Env env) noexcept = 0;
};

/// The one thread-safe function of an environment. It keeps the process alive exactly as long as
/// promises are pending.
class Mailbox {
 public:
  explicit Mailbox(Napi::Env env);

  /// One more promise is pending. JavaScript thread.
  void expect();
  /// A promise that was expected is settled without a delivery. JavaScript thread.
  void forget();

  /// Queues a completion for the JavaScript thread; drops it if the environment is ending. Any
  /// thread.
  void post(std::shared_ptr<Completion> completion);

  /// From now on everything that is posted is dropped. JavaScript thread.
  void close();
  /// Any thread: work that has not begun need not begin.
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  static void ring(napi_env env, napi_value function, void* context, void* data);
  void deliver(Napi::Env env);

  napi_env env_;
  napi_threadsafe_function bell_ = nullptr;
  int64_t pending_ = 0;  // touched on the JavaScript thread only
  std::atomic<bool> closed_{false};
  // Also held while the bell is rung: it must not be torn down in between.
  std::mutex mutex_;
  std::vector<std::shared_ptr<Completion>> ready_;
};

}  // namespace albert::addon
