// Character properties and mappings as CPython 3.11 knows them (Unicode 14): what `str.isspace`,
// `str.isdigit`, `str.lower`, `unicodedata.combining` and `unicodedata.normalize` answer.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace albert::text {

/// Room for a mapping that is not a slice of a table.
using MappingBuffer = std::array<char32_t, 3>;

bool is_whitespace(char32_t c);

bool is_digit(char32_t c);

/// Whether the canonical combining class is not zero.
bool is_combining(char32_t c);

/// The full compatibility decomposition of one code point (itself where there is none). The order
/// of several combining marks is left to the caller; ALBERT drops them all.
std::u32string_view decompose(char32_t c, MappingBuffer& buffer);

/// The full lower case of one code point, a capital sigma taken as not final.
std::u32string_view lower(char32_t c, MappingBuffer& buffer);

/// Whether the capital sigma at `position` ends a word: a cased letter before it, none after it,
/// case-ignorable characters in between skipped.
bool is_final_sigma(std::u32string_view text, size_t position);

}  // namespace albert::text
