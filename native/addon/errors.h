// The only two ways of an error into JavaScript: thrown by a call, or the reason of a rejection.
#pragma once

#include <napi.h>

#include <exception>
#include <string>

namespace albert::addon {

/// The JavaScript error for a native name ("ERR_CONFIG", "TypeError", "AbortError") and message.
Napi::Value make_error(Napi::Env env, const char* name, const std::string& message);

/// The JavaScript error for a C++ exception; a JavaScript exception stays what it is.
Napi::Value error_of(Napi::Env env, const std::exception_ptr& exception);

/// Makes a C++ exception the pending JavaScript exception.
void throw_to_javascript(Napi::Env env, const std::exception_ptr& exception) noexcept;

/// A promise that is settled later. May be copied to and destroyed on any thread; the methods
/// belong to the JavaScript thread.
class Deferred {
 public:
  explicit Deferred(Napi::Env env);

  /// Only in the call that made it.
  Napi::Value promise() const { return promise_; }

  void resolve(Napi::Env env, Napi::Value value) noexcept;
  void reject(Napi::Env env, const std::exception_ptr& exception) noexcept;

 private:
  napi_deferred deferred_ = nullptr;
  Napi::Value promise_;
};

/// Runs the body of a call from JavaScript; no exception leaves it.
template <class Body>
napi_value guarded(napi_env env, const Body& body) noexcept {
  try {
    return body();
  } catch (...) {
    throw_to_javascript(env, std::current_exception());
    return nullptr;
  }
}

/// A function of the addon as N-API calls it.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
napi_value call_function(napi_env env, napi_callback_info raw) {
  return guarded(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, raw);
    return function(info);
  });
}

}  // namespace albert::addon
