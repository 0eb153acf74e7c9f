// Instances of native classes: made by native code, recognised by their tag.
#include "addon/wrapped.h"

namespace albert::addon {

namespace {

/// Lets the constructor pass for as long as it lives.
class Constructing {
 public:
  explicit Constructing(Environment& environment) : environment_(environment) {
    environment_.constructing = true;
  }
  ~Constructing() { environment_.constructing = false; }
  Constructing(const Constructing&) = delete;
  Constructing& operator=(const Constructing&) = delete;

 private:
  Environment& environment_;
};

}  // namespace

napi_value construct(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    if (Environment::of(env).constructing) return nullptr;
    throw Error(ErrorCode::kType,
                "this class has no public constructor; use load_model or create_tokenizer");
  });
}

Napi::FunctionReference define_class(Napi::Env env, const char* name,
                                     const std::vector<napi_property_descriptor>& properties) {
  napi_value constructor;
  const napi_status status = napi_define_class(env, name, NAPI_AUTO_LENGTH, &construct, nullptr,
                                               properties.size(), properties.data(), &constructor);
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::Persistent(Napi::Function(env, constructor));
}

Napi::Object new_instance(Napi::Env env, const Napi::FunctionReference& constructor) {
  const Constructing permission(Environment::of(env));
  return constructor.New({});
}

void* unwrap(Napi::Value value, const napi_type_tag& tag, const char* name) {
  const Napi::Env env = value.Env();
  bool matches = false;
  void* native = nullptr;
  if (value.IsObject() && napi_check_object_type_tag(env, value, &tag, &matches) == napi_ok &&
      matches && napi_unwrap(env, value, &native) == napi_ok) {
    return native;
  }
  throw Error(ErrorCode::kType, std::string(name) + ": the receiver of this call is not a " + name);
}

}  // namespace albert::addon
