// Builds the double array from sorted keys, placing the children of one node at a time.
#include "text/double_array.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"

namespace albert::text {
namespace {

// Neither free nor the number of a node, so that no step leads to the root.
constexpr int32_t kRootParent = -2;

/// The first eight bytes as a number that sorts like the bytes: most comparisons end there.
uint64_t prefix_of(std::string_view key) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) prefix = (prefix << 8) | (i < key.size() ? uint8_t(key[i]) : 0);
  return prefix;
}

struct SortKey {
  uint64_t prefix;
  DoubleArray::Entry entry;

  bool operator<(const SortKey& other) const {
    return prefix != other.prefix ? prefix < other.prefix : entry.key < other.entry.key;
  }
};

void sort_entries(std::vector<DoubleArray::Entry>& entries) {
  std::vector<SortKey> keys;
  keys.reserve(entries.size());
  for (const DoubleArray::Entry& entry : entries) keys.push_back({prefix_of(entry.key), entry});
  std::sort(keys.begin(), keys.end());
  std::transform(keys.begin(), keys.end(), entries.begin(),
                 [](const SortKey& key) { return key.entry; });
}

void check_distinct(const std::vector<DoubleArray::Entry>& sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1].key != sorted[i].key) continue;
    throw Error(ErrorCode::kFormat,
                "SentencePiece model: the piece \"" + std::string(sorted[i].key) +
                    "\" appears twice");
  }
}

}  // namespace

/// Places the children of one node after another into the first gaps where they fit.
class DoubleArray::Builder {
 public:
  explicit Builder(const std::vector<Entry>& sorted) : entries_(sorted), nodes_(1 + kLabels) {
    nodes_[kRoot].parent = kRootParent;
    pending_.push_back({kRoot, 0, sorted.size(), 0});
  }

  std::vector<Node> build() {
    while (!pending_.empty()) {
      const Range range = pending_.back();
      pending_.pop_back();
      place_children(range);
    }
    nodes_.shrink_to_fit();
    return std::move(nodes_);
  }

 private:
  static constexpr size_t kLabels = 256;

  /// The entries [begin, end) share the `depth` bytes that lead to `node`.
  struct Range {
    int32_t node;
    size_t begin, end, depth;
  };

  void place_children(Range range) {
    if (range.begin < range.end && entries_[range.begin].key.size() == range.depth) {
      nodes_[size_t(range.node)].value = entries_[range.begin++].value;
    }
    if (range.begin == range.end) return;
    collect_labels(range);
    const int32_t base = find_base();
    nodes_[size_t(range.node)].base = base;
    for (size_t i = 0; i < labels_.size(); ++i) {
      const int32_t child = base + labels_[i];
      nodes_[size_t(child)].parent = range.node;
      pending_.push_back({child, starts_[i], starts_[i + 1], range.depth + 1});
    }
  }

  /// The distinct next bytes of a range, and where the entries of each begin.
  void collect_labels(const Range& range) {
    labels_.clear();
    starts_.clear();
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto label = uint8_t(entries_[i].key[range.depth]);
      if (!labels_.empty() && labels_.back() == label) continue;
      labels_.push_back(label);
      starts_.push_back(i);
    }
    starts_.push_back(range.end);
  }

  int32_t find_base() {
    while (nodes_[first_free_].parent != kNone) grow(++first_free_);
    for (size_t slot = first_free_;; grow(++slot)) {
      if (nodes_[slot].parent != kNone) continue;
      const int32_t base = int32_t(slot) - labels_.front();
      const auto is_free = [&](uint8_t label) {
        return nodes_[size_t(base + label)].parent == kNone;
      };
      if (std::all_of(labels_.begin(), labels_.end(), is_free)) return base;
    }
  }

  /// Makes room for a node and its neighbours with any label.
  void grow(size_t slot) {
    if (slot + kLabels > nodes_.size()) nodes_.resize(2 * nodes_.size() + kLabels);
  }

  const std::vector<Entry>& entries_;
  std::vector<Node> nodes_;
  std::vector<Range> pending_;
  std::vector<uint8_t> labels_;
  std::vector<size_t> starts_;
  size_t first_free_ = 1;
};

DoubleArray::DoubleArray(std::vector<Entry> entries) {
  sort_entries(entries);
  check_distinct(entries);
  nodes_ = Builder(entries).build();
}

int32_t DoubleArray::find(std::string_view key) const {
  int32_t node = kRoot;
  for (const char byte : key) {
    node = step(node, byte);
    if (node == kNone) return kNone;
  }
  return value(node);
}

size_t DoubleArray::longest_match(std::string_view text) const {
  size_t longest = 0;
  int32_t node = kRoot;
  for (size_t i = 0; i < text.size(); ++i) {
    node = step(node, text[i]);
    if (node == kNone) break;
    if (value(node) != kNone) longest = i + 1;
  }
  return longest;
}

}  // namespace albert::text
