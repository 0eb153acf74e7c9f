// The truncation strategies of Hugging Face tokenizers, by arithmetic instead of token by token.
#include "text/truncation.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace albert::text {
namespace {

[[noreturn]] void out_of_range(const std::string& what) {
  throw Error(ErrorCode::kRange, "tokenizer: " + what);
}

Window whole(const TokenCounts& counts) { return {{0, counts.first}, {0, counts.second}}; }

void check_options(const TokenCounts& counts, const EncodeOptions& options) {
  if (options.stride < 0) {
    out_of_range("expected stride >= 0, got " + std::to_string(options.stride));
  }
  const size_t least = std::max<size_t>(counts.special, 1);
  if (options.max_length < 0 || size_t(options.max_length) < least) {
    out_of_range("truncation needs max_length >= " + std::to_string(least) + " here (" +
                 std::to_string(counts.special) + " special tokens are added), got " +
                 std::to_string(options.max_length));
  }
  if (options.truncation == Truncation::kOnlySecond && !counts.has_second) {
    out_of_range("truncation 'only_second' needs a text_pair; pass one or use 'only_first'");
  }
  const bool windows_of_two = options.truncation == Truncation::kLongestFirst &&
                              counts.has_second && options.return_overflowing_tokens;
  if (windows_of_two) {
    out_of_range(
        "return_overflowing_tokens with a text_pair needs truncation 'only_first' or "
        "'only_second'; 'longest_first' would cut both texts");
  }
}

/// Removes one token at a time from the longer side, from the second on ties: first the longer
/// side shrinks to the shorter one, then the two take turns.
Window cut_longest_first(const TokenCounts& counts, size_t budget) {
  size_t first = counts.first, second = counts.second;
  size_t excess = first + second > budget ? first + second - budget : 0;
  size_t& longer = first > second ? first : second;
  const size_t difference = std::max(first, second) - std::min(first, second);
  const size_t leveled = std::min(excess, difference);
  longer -= leveled;
  excess -= leveled;
  second -= (excess + 1) / 2;
  first -= excess / 2;
  return {{0, first}, {0, second}};
}

/// The ranges of at most `room` tokens that cover [0, count), each starting `room - stride` after
/// the one before.
std::vector<TokenRange> slide(size_t count, size_t room, size_t stride) {
  if (stride >= room) {
    out_of_range("stride is " + std::to_string(stride) + ", but max_length leaves room for " +
                 std::to_string(room) + " tokens of the text; lower stride or raise max_length");
  }
  std::vector<TokenRange> ranges;
  for (size_t begin = 0;; begin += room - stride) {
    const size_t end = std::min(begin + room, count);
    ranges.push_back({begin, end});
    if (end == count) return ranges;
  }
}

/// Cuts one side, the other stays whole.
std::vector<Window> cut_one_side(const TokenCounts& counts, const EncodeOptions& options,
                                 bool cut_first) {
  const size_t kept = counts.special + (cut_first ? counts.second : counts.first);
  const size_t length = cut_first ? counts.first : counts.second;
  const size_t max_length = size_t(options.max_length);
  if (kept + length <= max_length) return {whole(counts)};
  const size_t room = max_length > kept ? max_length - kept : 0;
  if (room == 0 && (counts.has_second || options.return_overflowing_tokens)) {
    out_of_range("max_length " + std::to_string(options.max_length) + " is used up by " +
                 std::to_string(kept) + " tokens that truncation '" +
                 (cut_first ? "only_first" : "only_second") +
                 "' may not cut; raise max_length or use 'longest_first'");
  }
  std::vector<TokenRange> ranges = {{0, room}};
  if (options.return_overflowing_tokens) ranges = slide(length, room, size_t(options.stride));
  std::vector<Window> windows;
  windows.reserve(ranges.size());
  for (const TokenRange& range : ranges) {
    Window window = whole(counts);
    (cut_first ? window.first : window.second) = range;
    windows.push_back(window);
  }
  return windows;
}

}  // namespace

std::vector<Window> plan_windows(const TokenCounts& counts, const EncodeOptions& options) {
  if (options.truncation == Truncation::kNone) return {whole(counts)};
  check_options(counts, options);
  if (options.truncation == Truncation::kLongestFirst && counts.has_second) {
    return {cut_longest_first(counts, size_t(options.max_length) - counts.special)};
  }
  return cut_one_side(counts, options, options.truncation != Truncation::kOnlySecond);
}

}  // namespace albert::text
