// Type checks and copies of arguments.
#include "addon/arguments.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace albert::addon {

namespace {

constexpr std::array kArrayNames = {"Int8Array",     "Uint8Array",    "Uint8ClampedArray",
                                    "Int16Array",    "Uint16Array",   "Int32Array",
                                    "Uint32Array",   "Float32Array",  "Float64Array",
                                    "BigInt64Array", "BigUint64Array"};

struct ArrayInfo {
  napi_typedarray_type type;
  size_t length;
  const void* data;
  napi_value buffer;
};

/// Asks N-API itself: Napi::TypedArray does not know buffers that are shared.
ArrayInfo info_of(Napi::Value array) {
  ArrayInfo info;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(array.Env(), array, &info.type, &info.length,
                                                      &data, &info.buffer, nullptr);
  if (status != napi_ok) throw Napi::Error::New(array.Env());
  info.data = data;
  return info;
}

bool is_detached(Napi::Env env, napi_value buffer) {
  bool detached = false;
  return napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && detached;
}

std::string type_name(Napi::Value value) {
  if (value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsBoolean()) return "a boolean";
  if (value.IsNumber()) return "a number";
  if (value.IsString()) return "a string";
  if (value.IsSymbol()) return "a symbol";
  if (value.IsBigInt()) return "a bigint";
  if (value.IsFunction()) return "a function";
  if (value.IsArray()) return "an Array";
  if (!value.IsTypedArray()) return "another object";
  const size_t type = size_t(info_of(value).type);
  return type < kArrayNames.size() ? std::string("a ") + kArrayNames[type] : "a typed array";
}

std::string printed(double number) {
  if (std::isnan(number)) return "NaN";
  std::array<char, 32> digits;  // the shortest form of a double has at most 24 characters
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return std::string(digits.data(), end.ptr);
}

}  // namespace

Argument Argument::of(const Napi::CallbackInfo& info, size_t index, const std::string& name) {
  return Argument(info[index], name);
}

void Argument::refuse_type(const char* expected) const {
  throw Error(ErrorCode::kType, name_ + ": expected " + expected + ", got " + type_name(value_));
}

void Argument::refuse_range(const std::string& expected) const {
  throw Error(ErrorCode::kRange, name_ + ": expected " + expected);
}

Argument Argument::field(const char* key) const {
  if (!value_.IsObject()) refuse_type("an object");
  return Argument(value_.As<Napi::Object>().Get(key), name_ + "." + key);
}

Argument Argument::element(uint32_t index) const {
  return Argument(value_.As<Napi::Object>().Get(index), name_ + "[" + std::to_string(index) + "]");
}

bool Argument::boolean() const {
  if (!value_.IsBoolean()) refuse_type("a boolean");
  return value_.As<Napi::Boolean>().Value();
}

int64_t Argument::integer(int64_t low, int64_t high) const {
  if (!value_.IsNumber()) refuse_type("a number");
  const double number = value_.As<Napi::Number>().DoubleValue();
  if (number >= double(low) && number <= double(high) && std::trunc(number) == number) {
    return int64_t(number);
  }
  refuse_range("an integer from " + std::to_string(low) + " to " + std::to_string(high) + ", got " +
               printed(number));
}

double Argument::number() const {
  if (!value_.IsNumber()) refuse_type("a number");
  const double number = value_.As<Napi::Number>().DoubleValue();
  if (!std::isfinite(number)) refuse_range("a finite number, got " + printed(number));
  return number;
}

std::string Argument::utf8() const {
  if (!value_.IsString()) refuse_type("a string");
  return value_.As<Napi::String>().Utf8Value();
}

std::string Argument::utf8_without_nul() const {
  std::string text = utf8();
  if (text.find('\0') != std::string::npos) refuse_range("a string without NUL characters");
  return text;
}

std::u16string Argument::utf16() const {
  if (!value_.IsString()) refuse_type("a string");
  return value_.As<Napi::String>().Utf16Value();
}

template <class T>
std::vector<T> Argument::elements(napi_typedarray_type type, const char* expected) const {
  if (!value_.IsTypedArray()) refuse_type(expected);
  const ArrayInfo info = info_of(value_);
  if (info.type != type) refuse_type(expected);
  if (is_detached(value_.Env(), info.buffer)) {
    throw Error(ErrorCode::kType, name_ + ": expected " + expected +
                                      ", got one whose buffer is detached (transferred elsewhere)");
  }
  std::vector<T> copy(info.length);
  if (info.length != 0) std::memcpy(copy.data(), info.data, info.length * sizeof(T));
  return copy;
}

std::vector<int32_t> Argument::int32s() const {
  return elements<int32_t>(napi_int32_array, "an Int32Array");
}

std::vector<float> Argument::floats() const {
  return elements<float>(napi_float32_array, "a Float32Array");
}

std::vector<double> Argument::doubles() const {
  return elements<double>(napi_float64_array, "a Float64Array");
}

std::vector<int64_t> Argument::int64s() const {
  return elements<int64_t>(napi_bigint64_array, "a BigInt64Array");
}

std::vector<uint8_t> Argument::bytes() const {
  return elements<uint8_t>(napi_uint8_array, "a Uint8Array");
}

std::vector<std::u16string> Argument::strings() const {
  if (!value_.IsArray()) refuse_type("an Array of strings");
  const uint32_t length = value_.As<Napi::Array>().Length();
  std::vector<std::u16string> all;
  for (uint32_t i = 0; i < length; ++i) {
    const Napi::HandleScope scope(value_.Env());
    all.push_back(element(i).utf16());
  }
  return all;
}

std::vector<Argument> Argument::items() const {
  if (!value_.IsArray()) refuse_type("an Array");
  const uint32_t length = value_.As<Napi::Array>().Length();
  std::vector<Argument> all;
  for (uint32_t i = 0; i < length; ++i) all.push_back(element(i));
  return all;
}

Napi::Function Argument::function() const {
  if (!value_.IsFunction()) refuse_type("a function");
  return value_.As<Napi::Function>();
}

bool Argument::is_float_array() const {
  return value_.IsTypedArray() && info_of(value_).type == napi_float32_array;
}

}  // namespace albert::addon
