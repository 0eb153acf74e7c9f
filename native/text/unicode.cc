// Look-ups in the generated Unicode tables, with shortcuts for ASCII and arithmetic for Hangul.
#include "text/unicode.h"

#include <algorithm>

#include "text/unicode_tables.h"

namespace albert::text {
namespace {

constexpr char32_t kAsciiEnd = 0x80;

/// The last row that starts at or before c, or null.
template <typename Row>
const Row* row_of(const Row* rows, size_t size, char32_t c) {
  const auto starts_after = [](char32_t value, const Row& row) { return value < row.first; };
  const Row* after = std::upper_bound(rows, rows + size, c, starts_after);
  return after == rows ? nullptr : after - 1;
}

bool contains(const CodePointRange* ranges, size_t size, char32_t c) {
  const CodePointRange* range = row_of(ranges, size, c);
  return range != nullptr && c <= range->last;
}

bool is_cased(char32_t c) { return contains(kCased, kCasedSize, c); }

bool is_case_ignorable(char32_t c) { return contains(kCaseIgnorable, kCaseIgnorableSize, c); }

std::u32string_view unchanged(char32_t c, MappingBuffer& buffer) {
  buffer[0] = c;
  return {buffer.data(), 1};
}

// Hangul syllables decompose by arithmetic (Unicode standard, section 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTrails = 0x11A7;
constexpr char32_t kVowelCount = 21, kTrailCount = 28, kSyllableCount = 19 * 21 * 28;

std::u32string_view decompose_hangul(char32_t syllable, MappingBuffer& buffer) {
  const char32_t index = syllable - kSyllables;
  const char32_t trail = index % kTrailCount;
  buffer[0] = kLeads + index / (kVowelCount * kTrailCount);
  buffer[1] = kVowels + index / kTrailCount % kVowelCount;
  buffer[2] = kTrails + trail;
  return {buffer.data(), trail == 0 ? 2u : 3u};
}

}  // namespace

bool is_whitespace(char32_t c) { return contains(kWhitespace, kWhitespaceSize, c); }

bool is_digit(char32_t c) { return contains(kDigits, kDigitsSize, c); }

bool is_combining(char32_t c) {
  return c >= kCombining[0].first && contains(kCombining, kCombiningSize, c);
}

std::u32string_view decompose(char32_t c, MappingBuffer& buffer) {
  if (c < kAsciiEnd) return unchanged(c, buffer);
  if (c - kSyllables < kSyllableCount) return decompose_hangul(c, buffer);
  const DecompositionRun* run = row_of(kDecompositions, kDecompositionsSize, c);
  if (run == nullptr || c - run->first >= run->count) return unchanged(c, buffer);
  return {kDecompositionPool + run->offset + (c - run->first) * run->length, run->length};
}

std::u32string_view lower(char32_t c, MappingBuffer& buffer) {
  constexpr char32_t kCapitalIWithDot = 0x130, kDotAbove = 0x307;
  if (c == kCapitalIWithDot) {
    buffer = {U'i', kDotAbove};
    return {buffer.data(), 2};
  }
  const LowerRun* run = row_of(kLower, kLowerSize, c);
  if (run == nullptr || c > run->last || (c - run->first) % run->step != 0) {
    return unchanged(c, buffer);
  }
  return unchanged(char32_t(int32_t(c) + run->delta), buffer);
}

bool is_final_sigma(std::u32string_view text, size_t position) {
  size_t before = position;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  size_t after = position + 1;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

}  // namespace albert::text
