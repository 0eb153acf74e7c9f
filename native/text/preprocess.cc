// Whitespace, quotes, accents and case, each step carrying the source ranges along.
#include "text/preprocess.h"

#include "text/unicode.h"

namespace albert::text {
namespace {

AlignedText collapse_whitespace(const AlignedText& text) {
  AlignedText result;
  result.reserve(text.chars.size());
  Span gap;
  bool in_gap = false;
  for (size_t i = 0; i < text.chars.size(); ++i) {
    if (is_whitespace(text.chars[i])) {
      if (!in_gap) gap.begin = text.source[i].begin;
      gap.end = text.source[i].end;
      in_gap = true;
      continue;
    }
    if (in_gap && !result.chars.empty()) result.append(U' ', gap);
    in_gap = false;
    result.append(text.chars[i], text.source[i]);
  }
  return result;
}

AlignedText replace_double_quotes(const AlignedText& text) {
  AlignedText result;
  result.reserve(text.chars.size());
  const size_t size = text.chars.size();
  for (size_t i = 0; i < size; ++i) {
    const char32_t c = text.chars[i];
    const bool doubled = (c == U'`' || c == U'\'') && i + 1 < size && text.chars[i + 1] == c;
    if (doubled) {
      result.append(U'"', {text.source[i].begin, text.source[i + 1].end});
      ++i;
    } else {
      result.append(c, text.source[i]);
    }
  }
  return result;
}

/// A dropped mark stays in the range of the character that carried it.
AlignedText strip_accents(const AlignedText& text) {
  AlignedText result;
  result.reserve(text.chars.size());
  MappingBuffer buffer;
  for (size_t i = 0; i < text.chars.size(); ++i) {
    for (const char32_t c : decompose(text.chars[i], buffer)) {
      if (!is_combining(c)) {
        result.append(c, text.source[i]);
      } else if (!result.source.empty()) {
        result.source.back().end = text.source[i].end;
      }
    }
  }
  return result;
}

AlignedText lower_case(const AlignedText& text) {
  constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
  AlignedText result;
  result.reserve(text.chars.size());
  MappingBuffer buffer;
  for (size_t i = 0; i < text.chars.size(); ++i) {
    if (text.chars[i] == kCapitalSigma && is_final_sigma(text.chars, i)) {
      result.append(kFinalSigma, text.source[i]);
      continue;
    }
    for (const char32_t c : lower(text.chars[i], buffer)) result.append(c, text.source[i]);
  }
  return result;
}

}  // namespace

AlignedText preprocess(AlignedText text, const PreprocessOptions& options) {
  if (options.remove_space) text = collapse_whitespace(text);
  if (options.replace_quotes) text = replace_double_quotes(text);
  if (options.strip_accents) text = strip_accents(text);
  if (options.lower_case) text = lower_case(text);
  return text;
}

}  // namespace albert::text
