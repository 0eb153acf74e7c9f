// How much of one or two token sequences fits into a model input, in one piece or in windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace albert::text {

enum class Truncation {
  kNone,
  kLongestFirst,  ///< one token at a time from the longer sequence, from the second on ties
  kOnlyFirst,
  kOnlySecond,
};

struct EncodeOptions {
  bool add_special_tokens = true;
  Truncation truncation = Truncation::kNone;
  // The rest is read only where truncation is on.
  int32_t max_length = 0;                  ///< tokens, special ones included
  int32_t stride = 0;                      ///< tokens that neighbouring windows share
  bool return_overflowing_tokens = false;  ///< give what was cut as further windows
};

/// The lengths of what is to be cut.
struct TokenCounts {
  size_t first = 0;
  size_t second = 0;
  bool has_second = false;
  size_t special = 0;  // tokens that the template adds
};

/// A half-open range of tokens.
struct TokenRange {
  size_t begin = 0, end = 0;
};

/// What one model input takes of each sequence.
struct Window {
  TokenRange first, second;
};

/// One window, or several where overflowing tokens are wanted. Throws Error{kRange} where the
/// options cannot be met.
std::vector<Window> plan_windows(const TokenCounts& counts, const EncodeOptions& options);

}  // namespace albert::text
