// UTF-8 as JSON needs it: checking bytes and writing code points.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace albert::formats {

/// How many leading bytes are well-formed UTF-8 (text.size() if all are): no overlong forms, no
/// surrogates, nothing above U+10FFFF.
size_t valid_utf8_prefix(std::string_view text) noexcept;

/// Appends one code point, which is at most U+10FFFF and no surrogate.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace albert::formats
