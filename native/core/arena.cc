// Bump allocation over blocks that are merged at reset.
#include "core/arena.h"

#include <algorithm>
#include <utility>

namespace albert {

namespace {
constexpr size_t kAlignment = 64;
constexpr size_t kSmallestBlock = size_t{1} << 16;
}  // namespace

Arena::~Arena() {
  release_blocks();
}

void Arena::release_blocks() noexcept {
  for (const Block& block : blocks_) memory_.release(block.begin, block.size);
  blocks_.clear();
}

void Arena::add_block(size_t bytes) {
  const size_t size = std::max(bytes, kSmallestBlock);
  blocks_.reserve(blocks_.size() + 1);  // so that nothing can throw between allocate and push_back
  blocks_.push_back({static_cast<char*>(memory_.allocate(size)), size, 0});
}

Tensor Arena::allocate(const char* name, DType dtype, std::initializer_list<int64_t> shape) {
  Tensor tensor(nullptr, dtype, shape);
  const size_t wanted = size_t(tensor.size()) * size_of(dtype);
  const size_t bytes = (std::max<size_t>(wanted, 1) + kAlignment - 1) / kAlignment * kAlignment;
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    add_block(std::max(bytes, std::min(capacity(), largest_growth_)));
  }
  Block& block = blocks_.back();
  tensor.data = block.begin + block.used;
  block.used += bytes;
  entries_.push_back({name, bytes});
  used_ += bytes;
  return tensor;
}

void Arena::reset() {
  const size_t needed = std::exchange(used_, 0);
  entries_.clear();
  if (blocks_.size() > 1) {
    release_blocks();
    add_block(needed);
  }
  if (!blocks_.empty()) blocks_.back().used = 0;
}

void Arena::reserve(size_t bytes) {
  reset();
  if (capacity() >= bytes) return;
  release_blocks();
  add_block(bytes);
}

size_t Arena::capacity() const {
  size_t total = 0;
  for (const Block& block : blocks_) total += block.size;
  return total;
}

std::vector<BillItem> Arena::bill() const {
  std::vector<BillItem> items;
  for (const Entry& entry : entries_) {
    auto same = std::find_if(items.begin(), items.end(),
                             [&](const BillItem& item) { return item.name == entry.name; });
    if (same == items.end()) {
      items.push_back({entry.name, entry.bytes});
    } else {
      same->bytes += entry.bytes;
    }
  }
  return items;
}

}  // namespace albert
