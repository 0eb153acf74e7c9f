// Reads arguments of calls from JavaScript: strict types, copied contents, errors that name them.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace albert::addon {

/// A value and what messages call it: "forward: request.tokens". Reading throws Error{kType} for
/// another type and Error{kRange} for a number out of range.
class Argument {
 public:
  Argument(Napi::Value value, std::string name) : value_(value), name_(std::move(name)) {}

  /// Argument `index` of a call; missing ones are undefined.
  static Argument of(const Napi::CallbackInfo& info, size_t index, const std::string& name);

  bool absent() const { return value_.IsUndefined(); }
  /// A property of an object; reading it may run a getter.
  Argument field(const char* key) const;
  Argument element(uint32_t index) const;

  bool boolean() const;
  int64_t integer(int64_t low, int64_t high) const;
  /// Any finite number.
  double number() const;
  std::string utf8() const;
  /// A file name or other text that C interfaces end at the first NUL.
  std::string utf8_without_nul() const;
  std::u16string utf16() const;
  std::vector<int32_t> int32s() const;
  std::vector<float> floats() const;
  std::vector<double> doubles() const;
  std::vector<int64_t> int64s() const;
  std::vector<uint8_t> bytes() const;
  std::vector<std::u16string> strings() const;
  /// The elements of an Array, each with its name.
  std::vector<Argument> items() const;
  Napi::Function function() const;
  bool is_float_array() const;
  bool is_array() const { return value_.IsArray(); }

  Napi::Value value() const { return value_; }

  [[noreturn]] void refuse_type(const char* expected) const;
  [[noreturn]] void refuse_range(const std::string& expected) const;

 private:
  template <class T>
  std::vector<T> elements(napi_typedarray_type type, const char* expected) const;

  Napi::Value value_;
  std::string name_;
};

/// Reads an optional field with `read`; absent stays empty.
template <class T>
std::optional<T> optional_field(const Argument& object, const char* key,
                                T (Argument::*read)() const) {
  const Argument field = object.field(key);
  if (field.absent()) return {};
  return (field.*read)();
}

/// A boolean field that is false where it is absent.
inline bool flag(const Argument& object, const char* key) {
  const Argument field = object.field(key);
  return !field.absent() && field.boolean();
}

}  // namespace albert::addon
