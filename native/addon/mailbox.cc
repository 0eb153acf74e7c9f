// The thread-safe function, and the list of completions behind it.
#include "addon/mailbox.h"

#include <utility>

namespace albert::addon {

Mailbox::Mailbox(Napi::Env env) : env_(env) {
  const Napi::String name = Napi::String::New(env, "albert-native");
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr,
                                                       nullptr, this, &Mailbox::ring, &bell_);
  if (status == napi_ok) status = napi_unref_threadsafe_function(env, bell_);
  if (status != napi_ok) throw Napi::Error::New(env);
}

void Mailbox::expect() {
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, bell_);
}

void Mailbox::forget() {
  if (--pending_ == 0) napi_unref_threadsafe_function(env_, bell_);
}

void Mailbox::post(std::shared_ptr<Completion> completion) {
  const std::lock_guard lock(mutex_);
  if (closed()) return;
  ready_.push_back(std::move(completion));
  // The queue behind the bell has no bound, so it refuses only when it is being torn down.
  napi_call_threadsafe_function(bell_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::close() {
  std::vector<std::shared_ptr<Completion>> dropped;
  const std::lock_guard lock(mutex_);
  closed_.store(true, std::memory_order_release);
  dropped.swap(ready_);
}

void Mailbox::ring(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // rung before the environment ended, heard after
  static_cast<Mailbox*>(context)->deliver(env);
}

void Mailbox::deliver(Napi::Env env) {
  std::vector<std::shared_ptr<Completion>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
  }
  for (const std::shared_ptr<Completion>& completion : ready) {
    const Napi::HandleScope scope(env);
    completion->settle(env);
    forget();
  }
}

}  // namespace albert::addon
