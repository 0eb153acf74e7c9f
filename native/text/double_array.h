// A static map from byte strings to numbers that finds every key at the start of a text in one
// walk: a trie whose nodes lie in one array, a step being an addition and a comparison.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace albert::text {

class DoubleArray {
 public:
  static constexpr int32_t kRoot = 0;
  static constexpr int32_t kNone = -1;

  struct Entry {
    std::string_view key;  // not empty
    int32_t value;         // >= 0
  };

  /// Throws Error{kFormat} where a key appears twice. The keys are not needed afterwards.
  explicit DoubleArray(std::vector<Entry> entries);

  /// The node that follows `node` on `byte`, or kNone.
  int32_t step(int32_t node, char byte) const {
    const int32_t next = nodes_[size_t(node)].base + uint8_t(byte);
    const bool found = uint32_t(next) < nodes_.size() && nodes_[size_t(next)].parent == node;
    return found ? next : kNone;
  }

  /// The value of the key that ends at `node`, or kNone.
  int32_t value(int32_t node) const { return nodes_[size_t(node)].value; }

  int32_t find(std::string_view key) const;

  /// The length of the longest key at the start of `text`, 0 where there is none.
  size_t longest_match(std::string_view text) const;

 private:
  class Builder;

  struct Node {
    int32_t base = 0;  // the child on byte b is node base + b; may be negative
    int32_t parent = kNone;
    int32_t value = kNone;
  };

  std::vector<Node> nodes_;
};

}  // namespace albert::text
