// The shapes of the generated tables in unicode_tables.cc; only unicode.cc reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace albert::text {

/// An inclusive range of code points; every table is sorted and free of overlaps.
struct CodePointRange {
  char32_t first, last;
};

/// Every `step`-th code point of [first, last] is an upper-case letter; its lower case is
/// `delta` away.
struct LowerRun {
  char32_t first, last, step;
  int32_t delta;
};

/// `count` code points from `first`, each with a full NFKD of `length` code points; the
/// decomposition of the first starts at `offset` in the pool and the others follow.
struct DecompositionRun {
  char32_t first;
  uint32_t count, length, offset;
};

extern const CodePointRange kWhitespace[], kDigits[], kCombining[], kCased[], kCaseIgnorable[];
extern const size_t kWhitespaceSize, kDigitsSize, kCombiningSize, kCasedSize, kCaseIgnorableSize;

extern const LowerRun kLower[];
extern const size_t kLowerSize;

extern const DecompositionRun kDecompositions[];
extern const size_t kDecompositionsSize;
extern const char32_t kDecompositionPool[];

}  // namespace albert::text
