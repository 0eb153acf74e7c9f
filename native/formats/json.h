// JSON values and a strict reader: safetensors headers, the index of a sharded model, config.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace albert::formats {

class JsonObject;
class JsonValue;
using JsonArray = std::vector<JsonValue>;

/// One immutable value. Copies are cheap: arrays and objects are shared.
class JsonValue {
 public:
  using Storage = std::variant<std::nullptr_t, bool, int64_t, double, std::string,
                               std::shared_ptr<const JsonArray>, std::shared_ptr<const JsonObject>>;

  JsonValue() = default;  // null
  explicit JsonValue(Storage value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }

  // Each gives nullptr where the value is of another kind.
  const bool* if_bool() const { return std::get_if<bool>(&value_); }
  /// Only numbers written without fraction and exponent that fit: these are exact.
  const int64_t* if_integer() const { return std::get_if<int64_t>(&value_); }
  const std::string* if_string() const { return std::get_if<std::string>(&value_); }
  const JsonArray* if_array() const;
  const JsonObject* if_object() const;

  /// Any number, integers rounded to the nearest double.
  std::optional<double> if_number() const;
  /// The member of that name, or nullptr where there is none or this is not an object.
  const JsonValue* find(std::string_view name) const;
  /// "a string", "an object", ... for messages.
  const char* kind() const noexcept;

 private:
  Storage value_ = nullptr;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// Members in the order of the text, with unique names, found in logarithmic time.
class JsonObject {
 public:
  JsonObject() = default;
  explicit JsonObject(std::vector<JsonMember> members);

  const std::vector<JsonMember>& members() const { return members_; }
  const JsonValue* find(std::string_view name) const;
  /// A member whose name an earlier one has already, or nullptr.
  const JsonMember* first_duplicate() const;

 private:
  std::vector<JsonMember> members_;
  std::vector<uint32_t> by_name_;  // indexes of members_, sorted by name
};

/// Reads one JSON text (RFC 8259). Throws Error{kFormat} naming the byte offset: for anything but
/// whitespace behind the value, ill-formed UTF-8, lone surrogates, duplicate names, nesting deeper
/// than 64, numbers beyond a double, and more than 8 million values.
JsonValue parse_json(std::string_view text);

/// The text as a JSON string with its quotes. Throws Error{kFormat} where it is not UTF-8.
std::string quote_json(std::string_view text);

/// The text quoted for an error message: one line of at most about 100 bytes, whatever it holds.
std::string quote_for_message(std::string_view text);

}  // namespace albert::formats
