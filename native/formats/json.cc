// JSON values: access, lookup by name, quoting.
#include "formats/json.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/error.h"
#include "formats/utf8.h"

namespace albert::formats {

const JsonArray* JsonValue::if_array() const {
  const auto* shared = std::get_if<std::shared_ptr<const JsonArray>>(&value_);
  return shared ? shared->get() : nullptr;
}

const JsonObject* JsonValue::if_object() const {
  const auto* shared = std::get_if<std::shared_ptr<const JsonObject>>(&value_);
  return shared ? shared->get() : nullptr;
}

std::optional<double> JsonValue::if_number() const {
  if (const int64_t* integer = if_integer()) return double(*integer);
  if (const double* real = std::get_if<double>(&value_)) return *real;
  return std::nullopt;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  const JsonObject* object = if_object();
  return object ? object->find(name) : nullptr;
}

const char* JsonValue::kind() const noexcept {
  static constexpr std::array kKinds = {"null",     "a boolean", "an integer", "a number",
                                        "a string", "an array",  "an object"};
  static_assert(kKinds.size() == std::variant_size_v<Storage>);
  return kKinds[value_.index()];
}

JsonObject::JsonObject(std::vector<JsonMember> members)
    : members_(std::move(members)), by_name_(members_.size()) {
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(), [this](uint32_t a, uint32_t b) {
    const int order = members_[a].name.compare(members_[b].name);
    return order != 0 ? order < 0 : a < b;
  });
}

const JsonValue* JsonObject::find(std::string_view name) const {
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](uint32_t index, std::string_view wanted) { return members_[index].name < wanted; });
  if (found == by_name_.end() || members_[*found].name != name) return nullptr;
  return &members_[*found].value;
}

const JsonMember* JsonObject::first_duplicate() const {
  const auto same = [this](uint32_t a, uint32_t b) { return members_[a].name == members_[b].name; };
  const auto found = std::adjacent_find(by_name_.begin(), by_name_.end(), same);
  return found == by_name_.end() ? nullptr : &members_[*(found + 1)];
}

namespace {

void append_escaped(std::string& quoted, char character) {
  static constexpr std::string_view kSpecial = "\"\\\n\r\t";
  static constexpr std::string_view kLetters = "\"\\nrt";
  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  const uint8_t byte = uint8_t(character);
  const size_t special = kSpecial.find(character);
  if (special != std::string_view::npos) {
    quoted += '\\';
    quoted += kLetters[special];
  } else if (byte < 0x20 || byte == 0x7f) {
    quoted += "\\u00";
    quoted += kHexDigits[byte >> 4];
    quoted += kHexDigits[byte & 0xf];
  } else {
    quoted += character;
  }
}

}  // namespace

std::string quote_json(std::string_view text) {
  const size_t valid = valid_utf8_prefix(text);
  if (valid != text.size()) {
    throw Error(ErrorCode::kFormat, "json: the text to write is not UTF-8 at byte " +
                                        std::to_string(valid) + ": " + quote_for_message(text));
  }
  std::string quoted = "\"";
  for (char character : text) append_escaped(quoted, character);
  return quoted + "\"";
}

std::string quote_for_message(std::string_view text) {
  constexpr size_t kLongest = 80;
  const std::string_view shown = text.substr(0, kLongest);
  const std::string_view valid = shown.substr(0, valid_utf8_prefix(shown));
  std::string quoted = "\"";
  for (char character : valid) append_escaped(quoted, character);
  return quoted + (valid.size() < text.size() ? "...\"" : "\"");
}

}  // namespace albert::formats
