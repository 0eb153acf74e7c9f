// Conversions between UTF-16, code points and UTF-8.
#include "text/utf.h"

namespace albert::text {
namespace {

bool is_high_surrogate(char32_t unit) { return (unit & 0xFFFFFC00) == 0xD800; }
bool is_low_surrogate(char32_t unit) { return (unit & 0xFFFFFC00) == 0xDC00; }
bool is_continuation(char byte) { return (uint8_t(byte) & 0xC0) == 0x80; }

/// Rejects overlong forms, surrogates and numbers past the end of Unicode.
bool is_canonical(char32_t c, size_t size) {
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return c >= kSmallest[size] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

}  // namespace

void AlignedText::reserve(size_t size) {
  chars.reserve(size);
  source.reserve(size);
}

void AlignedText::append(char32_t c, Span range) {
  chars.push_back(c);
  source.push_back(range);
}

void AlignedBytes::reserve(size_t size) {
  bytes.reserve(size);
  source.reserve(size);
}

void AlignedBytes::append(std::string_view text, Span range) {
  bytes.append(text);
  source.insert(source.end(), text.size(), range);
}

AlignedText from_utf16(std::u16string_view units, int32_t first_unit) {
  AlignedText text;
  text.reserve(units.size());
  for (size_t i = 0; i < units.size();) {
    char32_t c = units[i];
    size_t length = 1;
    if (is_high_surrogate(c) && i + 1 < units.size() && is_low_surrogate(units[i + 1])) {
      c = 0x10000 + ((c - 0xD800) << 10) + (char32_t(units[i + 1]) - 0xDC00);
      length = 2;
    } else if (is_high_surrogate(c) || is_low_surrogate(c)) {
      c = kReplacementCharacter;
    }
    const int32_t begin = first_unit + int32_t(i);
    text.append(c, {begin, begin + int32_t(length)});
    i += length;
  }
  return text;
}

AlignedBytes to_utf8(const AlignedText& text) {
  AlignedBytes result;
  result.reserve(text.chars.size());
  for (size_t i = 0; i < text.chars.size(); ++i) {
    append_utf8(result.bytes, text.chars[i]);
    result.source.resize(result.bytes.size(), text.source[i]);
  }
  return result;
}

void append_utf8(std::string& bytes, char32_t c) {
  if (c < 0x80) {
    bytes.push_back(char(c));
    return;
  }
  if (c < 0x800) {
    bytes.push_back(char(0xC0 | (c >> 6)));
  } else if (c < 0x10000) {
    bytes.push_back(char(0xE0 | (c >> 12)));
    bytes.push_back(char(0x80 | ((c >> 6) & 0x3F)));
  } else {
    bytes.push_back(char(0xF0 | (c >> 18)));
    bytes.push_back(char(0x80 | ((c >> 12) & 0x3F)));
    bytes.push_back(char(0x80 | ((c >> 6) & 0x3F)));
  }
  bytes.push_back(char(0x80 | (c & 0x3F)));
}

size_t utf8_length(char first_byte) {
  const auto byte = uint8_t(first_byte);
  if (byte < 0xC0) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

Utf8Character decode_utf8(std::string_view bytes) {
  constexpr Utf8Character kInvalid = {kReplacementCharacter, 1, false};
  constexpr char32_t kPayload[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const auto first = uint8_t(bytes[0]);
  if (first < 0x80) return {first, 1, true};
  const size_t size = utf8_length(bytes[0]);
  if (first < 0xC0 || first >= 0xF8 || size > bytes.size()) return kInvalid;
  char32_t c = first & kPayload[size];
  for (size_t i = 1; i < size; ++i) {
    if (!is_continuation(bytes[i])) return kInvalid;
    c = (c << 6) | (uint8_t(bytes[i]) & 0x3F);
  }
  return is_canonical(c, size) ? Utf8Character{c, size, true} : kInvalid;
}

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Character next = decode_utf8(bytes);
    if (!next.valid) return false;
    bytes.remove_prefix(next.size);
  }
  return true;
}

std::u16string to_utf16(std::string_view bytes) {
  std::u16string units;
  units.reserve(bytes.size());
  while (!bytes.empty()) {
    const Utf8Character next = decode_utf8(bytes);
    if (next.code_point < 0x10000) {
      units.push_back(char16_t(next.code_point));
    } else {
      units.push_back(char16_t(0xD800 + ((next.code_point - 0x10000) >> 10)));
      units.push_back(char16_t(0xDC00 + (next.code_point & 0x3FF)));
    }
    bytes.remove_prefix(next.size);
  }
  return units;
}

}  // namespace albert::text
