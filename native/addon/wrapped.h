// JavaScript classes with a native object inside: only native code makes instances, and a method
// called on anything else is a TypeError.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/environment.h"
#include "addon/errors.h"
#include "core/error.h"

namespace albert::addon {

/// The constructor of every class: refuses JavaScript.
napi_value construct(napi_env env, napi_callback_info raw);

/// Defines a class with these methods and getters.
Napi::FunctionReference define_class(Napi::Env env, const char* name,
                                     const std::vector<napi_property_descriptor>& properties);

/// A new instance without a native object.
Napi::Object new_instance(Napi::Env env, const Napi::FunctionReference& constructor);

/// The native object in a value that carries this tag; throws Error{kType} for all others.
void* unwrap(Napi::Value value, const napi_type_tag& tag, const char* name);

/// An instance of T's class that owns `native`. T declares kName and kTag.
template <class T>
Napi::Object wrap_native(Napi::Env env, const Napi::FunctionReference& constructor,
                         std::unique_ptr<T> native) {
  Napi::Object object = new_instance(env, constructor);
  const napi_finalize release = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
  napi_status status = napi_wrap(env, object, native.get(), release, nullptr, nullptr);
  if (status != napi_ok) throw Napi::Error::New(env);
  native.release();
  // Tagged last: an object with the tag has its native part.
  status = napi_type_tag_object(env, object, &T::kTag);
  if (status != napi_ok) throw Napi::Error::New(env);
  return object;
}

/// A method or getter of T as N-API calls it.
template <class T, Napi::Value (T::*member)(const Napi::CallbackInfo&)>
napi_value call_member(napi_env env, napi_callback_info raw) {
  return guarded(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, raw);
    T& native = *static_cast<T*>(unwrap(info.This(), T::kTag, T::kName));
    return (native.*member)(info);
  });
}

template <class T, Napi::Value (T::*member)(const Napi::CallbackInfo&)>
napi_property_descriptor method(const char* name) {
  return {name,    nullptr, &call_member<T, member>, nullptr,
          nullptr, nullptr, napi_default_method,     nullptr};
}

template <class T, Napi::Value (T::*member)(const Napi::CallbackInfo&)>
napi_property_descriptor getter(const char* name) {
  return {name,    nullptr, nullptr,           &call_member<T, member>,
          nullptr, nullptr, napi_configurable, nullptr};
}

}  // namespace albert::addon
