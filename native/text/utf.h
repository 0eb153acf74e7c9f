// UTF-16 in, UTF-8 inside, UTF-16 out; and text that remembers which UTF-16 units it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert::text {

constexpr char32_t kReplacementCharacter = 0xFFFD;

/// What SentencePiece writes for a space: U+2581 in UTF-8.
constexpr std::string_view kSpaceSymbol = "\xe2\x96\x81";

/// A half-open range of UTF-16 units of a source text.
struct Span {
  int32_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
};

/// Code points, each with the units of the source it stands for; ranges never step backwards.
struct AlignedText {
  std::u32string chars;
  std::vector<Span> source;  // one per code point

  void reserve(size_t size);
  void append(char32_t c, Span range);
};

/// UTF-8, each byte with the units of the source that its character stands for.
struct AlignedBytes {
  std::string bytes;
  std::vector<Span> source;  // one per byte

  void reserve(size_t size);
  void append(std::string_view text, Span range);
};

/// Decodes units whose first is number `first_unit` of the source; a lone surrogate becomes U+FFFD.
AlignedText from_utf16(std::u16string_view units, int32_t first_unit);

AlignedBytes to_utf8(const AlignedText& text);

void append_utf8(std::string& bytes, char32_t c);

/// The length that the first byte of a UTF-8 sequence announces (1 for bytes that announce none).
size_t utf8_length(char first_byte);

/// One decoded code point; `valid` is false (and `size` 1) where the bytes are not UTF-8.
struct Utf8Character {
  char32_t code_point;
  size_t size;
  bool valid;
};

/// The character at the start of `bytes`, which must not be empty.
Utf8Character decode_utf8(std::string_view bytes);

bool is_valid_utf8(std::string_view bytes);

/// Invalid bytes become U+FFFD, one for each.
std::u16string to_utf16(std::string_view bytes);

}  // namespace albert::text
