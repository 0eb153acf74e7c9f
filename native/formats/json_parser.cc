// The JSON reader: recursive descent over UTF-8 that has been checked as a whole.
#include <charconv>
#include <utility>

#include "core/error.h"
#include "formats/json.h"
#include "formats/utf8.h"

namespace albert::formats {

namespace {

constexpr int kMaxDepth = 64;
// Values can take forty times the size of their text ("{},{},{},..."). This bound holds a hostile
// header of 100 MB to about 1 GB (measured) and leaves room for a million tensors.
constexpr size_t kMaxValues = size_t{1} << 23;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  JsonValue parse_document();

 private:
  JsonValue parse_value(int depth);
  JsonValue parse_array(int depth);
  JsonValue parse_object(int depth);
  JsonMember parse_member(int depth);
  JsonValue parse_number();
  std::string parse_string();
  void parse_escape(std::string& result);
  void parse_unicode_escape(std::string& result);
  uint32_t parse_hex_digits();
  JsonValue parse_word(std::string_view word, JsonValue::Storage value);

  bool at_end() const { return position_ == text_.size(); }
  /// The next byte; NUL at the end (a NUL in the text is no token either, so both end in fail).
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool take(char character);
  bool take_digits();
  void skip_space();
  void count_value();
  [[noreturn]] void fail(size_t offset, const std::string& problem) const;
  [[noreturn]] void fail_expected(const std::string& expected) const;

  std::string_view text_;
  size_t position_ = 0;
  size_t values_ = 0;
};

void Parser::fail(size_t offset, const std::string& problem) const {
  throw Error(ErrorCode::kFormat, "json: offset " + std::to_string(offset) + ": " + problem);
}

void Parser::fail_expected(const std::string& expected) const {
  const std::string got =
      at_end() ? "the end of the text" : quote_for_message(text_.substr(position_, 8));
  fail(position_, "expected " + expected + ", got " + got);
}

bool Parser::take(char character) {
  if (at_end() || text_[position_] != character) return false;
  ++position_;
  return true;
}

bool Parser::take_digits() {
  const size_t begin = position_;
  while (peek() >= '0' && peek() <= '9') ++position_;
  return position_ > begin;
}

void Parser::skip_space() {
  while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++position_;
}

void Parser::count_value() {
  if (++values_ > kMaxValues) {
    fail(position_, "more than " + std::to_string(kMaxValues) + " values");
  }
}

JsonValue Parser::parse_document() {
  const size_t valid = valid_utf8_prefix(text_);
  if (valid != text_.size()) fail(valid, "the text is not valid UTF-8");
  JsonValue value = parse_value(0);
  skip_space();
  if (!at_end()) fail_expected("nothing behind the value");
  return value;
}

JsonValue Parser::parse_value(int depth) {
  skip_space();
  count_value();
  switch (peek()) {
    case '{':
      return parse_object(depth + 1);
    case '[':
      return parse_array(depth + 1);
    case '"':
      return JsonValue(parse_string());
    case 't':
      return parse_word("true", true);
    case 'f':
      return parse_word("false", false);
    case 'n':
      return parse_word("null", nullptr);
    default:
      return parse_number();
  }
}

JsonValue Parser::parse_word(std::string_view word, JsonValue::Storage value) {
  if (text_.substr(position_, word.size()) != word) fail_expected("a value");
  position_ += word.size();
  return JsonValue(std::move(value));
}

JsonValue Parser::parse_array(int depth) {
  if (depth > kMaxDepth) fail(position_, "nested deeper than " + std::to_string(kMaxDepth));
  take('[');
  JsonArray elements;
  skip_space();
  if (!take(']')) {
    do {
      elements.push_back(parse_value(depth));
      skip_space();
    } while (take(','));
    if (!take(']')) fail_expected("',' or ']'");
  }
  elements.shrink_to_fit();
  return JsonValue(std::make_shared<const JsonArray>(std::move(elements)));
}

JsonMember Parser::parse_member(int depth) {
  skip_space();
  if (peek() != '"') fail_expected("a name in quotes");
  std::string name = parse_string();
  skip_space();
  if (!take(':')) fail_expected("':'");
  return {std::move(name), parse_value(depth)};
}

JsonValue Parser::parse_object(int depth) {
  if (depth > kMaxDepth) fail(position_, "nested deeper than " + std::to_string(kMaxDepth));
  const size_t begin = position_;
  take('{');
  std::vector<JsonMember> members;
  skip_space();
  if (!take('}')) {
    do {
      members.push_back(parse_member(depth));
      skip_space();
    } while (take(','));
    if (!take('}')) fail_expected("',' or '}'");
  }
  auto object = std::make_shared<const JsonObject>(std::move(members));
  if (const JsonMember* twice = object->first_duplicate()) {
    fail(begin, "the name " + quote_for_message(twice->name) + " occurs twice in this object");
  }
  return JsonValue(std::move(object));
}

JsonValue Parser::parse_number() {
  const size_t begin = position_;
  take('-');
  if (!take('0') && !take_digits()) fail_expected(position_ == begin ? "a value" : "a digit");
  bool integral = true;
  if (take('.')) {
    integral = false;
    if (!take_digits()) fail_expected("a digit");
  }
  if (take('e') || take('E')) {
    integral = false;
    if (!take('+')) take('-');
    if (!take_digits()) fail_expected("a digit");
  }
  const char* first = text_.data() + begin;
  const char* last = text_.data() + position_;
  int64_t integer = 0;
  if (integral && std::from_chars(first, last, integer).ec == std::errc()) {
    return JsonValue(integer);
  }
  double real = 0;
  if (std::from_chars(first, last, real).ec != std::errc()) {
    fail(begin, "a number that a double cannot hold");
  }
  return JsonValue(real);
}

std::string Parser::parse_string() {
  const size_t begin = position_;
  take('"');
  std::string result;
  while (!take('"')) {
    const size_t run = position_;
    while (!at_end() && peek() != '"' && peek() != '\\' && uint8_t(peek()) >= 0x20) ++position_;
    result.append(text_.substr(run, position_ - run));
    if (at_end()) fail(begin, "a string without its closing quote");
    if (uint8_t(peek()) < 0x20) fail(position_, "a control character in a string");
    if (take('\\')) parse_escape(result);
  }
  return result;
}

void Parser::parse_escape(std::string& result) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (take('u')) return parse_unicode_escape(result);
  const size_t index = at_end() ? std::string_view::npos : kLetters.find(peek());
  if (index == std::string_view::npos) fail_expected("an escape: one of \"\\/bfnrtu");
  result += kMeanings[index];
  ++position_;
}

uint32_t Parser::parse_hex_digits() {
  const std::string_view digits = text_.substr(position_, 4);
  uint32_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value, 16);
  if (digits.size() != 4 || error != std::errc() || end != last) {
    fail_expected("four hexadecimal digits");
  }
  position_ += 4;
  return value;
}

void Parser::parse_unicode_escape(std::string& result) {
  const size_t begin = position_ - 2;
  const uint32_t first = parse_hex_digits();
  if (first < 0xd800 || first > 0xdfff) return append_utf8(result, first);
  const bool pair = first < 0xdc00 && take('\\') && take('u');
  const uint32_t second = pair ? parse_hex_digits() : 0;
  if (second < 0xdc00 || second > 0xdfff) fail(begin, "a lone surrogate");
  append_utf8(result, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
}

}  // namespace

JsonValue parse_json(std::string_view text) {
  return Parser(text).parse_document();
}

}  // namespace albert::formats
