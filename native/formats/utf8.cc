// The table of well-formed UTF-8 sequences (Unicode, table 3-7) as code.
#include "formats/utf8.h"

#include <cstdint>

namespace albert::formats {

namespace {

/// What a lead byte demands of the bytes behind it.
struct Sequence {
  size_t length;  // 0: no sequence starts with this byte
  uint8_t second_low;
  uint8_t second_high;
};

constexpr Sequence sequence_of(uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};  // below: overlong
  if (lead == 0xed) return {3, 0x80, 0x9f};  // above: surrogates
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};  // below: overlong
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};  // above: past U+10FFFF
  return {0, 0, 0};
}

/// The length of the sequence at the start of the text, or 0 where it is ill-formed.
size_t sequence_length(std::string_view text) {
  const Sequence sequence = sequence_of(uint8_t(text[0]));
  if (sequence.length <= 1) return sequence.length;
  if (text.size() < sequence.length) return 0;
  const uint8_t second = uint8_t(text[1]);
  if (second < sequence.second_low || second > sequence.second_high) return 0;
  for (size_t i = 2; i < sequence.length; ++i) {
    if ((uint8_t(text[i]) & 0xc0u) != 0x80u) return 0;
  }
  return sequence.length;
}

}  // namespace

size_t valid_utf8_prefix(std::string_view text) noexcept {
  size_t position = 0;
  while (position < text.size()) {
    const size_t length = sequence_length(text.substr(position));
    if (length == 0) break;
    position += length;
  }
  return position;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto continuation = [&](int shift) {
    text += char(0x80u | ((code_point >> shift) & 0x3fu));
  };
  if (code_point < 0x80) {
    text += char(code_point);
  } else if (code_point < 0x800) {
    text += char(0xc0u | (code_point >> 6));
    continuation(0);
  } else if (code_point < 0x10000) {
    text += char(0xe0u | (code_point >> 12));
    continuation(6);
    continuation(0);
  } else {
    text += char(0xf0u | (code_point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace albert::formats
