// The compiled normalization rules inside a SentencePiece model: longest match, then replacement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace albert::text {

/// A Darts double array over UTF-8 keys whose values are offsets into a pool of NUL-terminated
/// replacements. The constructor refuses blobs that lie (Error{kFormat}), and look-ups never
/// leave the array even so.
class Charsmap {
 public:
  /// An empty blob is a map without rules.
  explicit Charsmap(std::string_view blob);

  struct Match {
    std::string_view replacement;  // lives as long as the map
    size_t size;                   // bytes of the text that it replaces
  };

  /// The rule with the longest key at the start of `text`.
  std::optional<Match> longest_match(std::string_view text) const;

 private:
  void check_pool() const;
  void check_leaves() const;

  std::vector<uint32_t> units_;
  std::string pool_;
};

}  // namespace albert::text
