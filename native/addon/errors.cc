// Turns C++ exceptions into JavaScript errors.
#include "addon/errors.h"

#include <new>

#include "addon/environment.h"
#include "core/error.h"

namespace albert::addon {

namespace {

/// The JavaScript error, or whatever prevented that it could be made.
napi_value value_of(Napi::Env env, const std::exception_ptr& exception) {
  try {
    try {
      return error_of(env, exception);
    } catch (const Napi::Error& error) {
      return error.Value();
    }
  } catch (const Napi::Error&) {
    return env.Undefined();  // the environment is ending: it cannot even read the error
  }
}

}  // namespace

Napi::Value make_error(Napi::Env env, const char* name, const std::string& message) {
  const Environment* environment = env.GetInstanceData<Environment>();
  const Napi::String text = Napi::String::New(env, message);
  if (environment != nullptr && !environment->make_error.IsEmpty()) {
    return environment->make_error.Call({Napi::String::New(env, name), text});
  }
  return Napi::Error::New(env, std::string(name) + ": " + message).Value();
}

Napi::Value error_of(Napi::Env env, const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Napi::Error& error) {
    return error.Value();
  } catch (const Error& error) {
    return make_error(env, name_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return make_error(env, name_of(ErrorCode::kMemory),
                      "the process is out of memory; use smaller batches or fewer models");
  } catch (const std::exception& error) {
    return make_error(env, "ERR_INTERNAL", error.what());
  }
}

// Below, a failing status means that the environment is ending and cannot run JavaScript any more:
// then nobody is left to tell.

void throw_to_javascript(Napi::Env env, const std::exception_ptr& exception) noexcept {
  napi_throw(env, value_of(env, exception));
}

Deferred::Deferred(Napi::Env env) {
  napi_value promise;
  if (napi_create_promise(env, &deferred_, &promise) != napi_ok) throw Napi::Error::New(env);
  promise_ = Napi::Value(env, promise);
}

void Deferred::resolve(Napi::Env env, Napi::Value value) noexcept {
  napi_resolve_deferred(env, deferred_, value);
}

void Deferred::reject(Napi::Env env, const std::exception_ptr& exception) noexcept {
  napi_reject_deferred(env, deferred_, value_of(env, exception));
}

}  // namespace albert::addon
