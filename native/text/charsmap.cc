// Reads and walks the double array of a precompiled charsmap.
//
// One 32-bit unit: bits 0-7 the label (bit 31 set in units that hold a value instead), bit 8
// whether a key ends here, bit 9 whether the offset is in steps of 256, bits 10-30 the offset.
#include "text/charsmap.h"

#include "core/error.h"

namespace albert::text {
namespace {

constexpr size_t kUnitBytes = 4;

// The published maps have keys of at most 10 bytes and replacements of at most 33. The limits are
// generous, and keep normalization linear in the text whatever the file says.
constexpr size_t kMaxKeyBytes = 64;
constexpr size_t kMaxReplacementBytes = 256;

bool is_value(uint32_t unit) { return unit >> 31 != 0; }
bool has_leaf(uint32_t unit) { return ((unit >> 8) & 1) != 0; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
size_t offset_of(uint32_t unit) { return size_t(unit >> 10) << ((unit & 0x200) >> 6); }

uint32_t read_u32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < kUnitBytes; ++i) value |= uint32_t(uint8_t(bytes[i])) << (8 * i);
  return value;
}

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorCode::kFormat, "SentencePiece model: the normalization map " + what);
}

}  // namespace

Charsmap::Charsmap(std::string_view blob) {
  if (blob.empty()) return;
  if (blob.size() < kUnitBytes) damaged("is shorter than its own header");
  const size_t trie_bytes = read_u32(blob);
  blob.remove_prefix(kUnitBytes);
  if (trie_bytes > blob.size()) {
    damaged("claims a trie of " + std::to_string(trie_bytes) + " bytes, but only " +
            std::to_string(blob.size()) + " follow");
  }
  if (trie_bytes == 0 || trie_bytes % kUnitBytes != 0) {
    damaged("claims a trie of " + std::to_string(trie_bytes) +
            " bytes; expected a positive multiple of 4");
  }
  units_.resize(trie_bytes / kUnitBytes);
  for (size_t i = 0; i < units_.size(); ++i) units_[i] = read_u32(blob.substr(i * kUnitBytes));
  pool_ = blob.substr(trie_bytes);
  check_pool();
  check_leaves();
}

void Charsmap::check_pool() const {
  if (pool_.empty() || pool_.back() != '\0') damaged("has a replacement that is not terminated");
  for (size_t begin = 0; begin < pool_.size();) {
    const size_t end = pool_.find('\0', begin);
    if (end - begin > kMaxReplacementBytes) damaged("has a replacement of more than 256 bytes");
    begin = end + 1;
  }
}

void Charsmap::check_leaves() const {
  for (size_t i = 0; i < units_.size(); ++i) {
    if (is_value(units_[i]) || !has_leaf(units_[i])) continue;
    const size_t leaf = i ^ offset_of(units_[i]);
    if (leaf >= units_.size() || value_of(units_[leaf]) >= pool_.size()) {
      damaged("points outside of itself");
    }
  }
}

std::optional<Charsmap::Match> Charsmap::longest_match(std::string_view text) const {
  if (units_.empty()) return std::nullopt;
  size_t position = offset_of(units_[0]);
  size_t matched = 0;
  uint32_t value = 0;
  const size_t limit = text.size() < kMaxKeyBytes ? text.size() : kMaxKeyBytes;
  for (size_t i = 0; i < limit; ++i) {
    const auto byte = uint8_t(text[i]);
    position ^= byte;
    if (position >= units_.size() || label_of(units_[position]) != byte) break;
    const uint32_t unit = units_[position];
    position ^= offset_of(unit);
    if (!has_leaf(unit) || position >= units_.size()) continue;
    matched = i + 1;
    value = value_of(units_[position]);
  }
  if (matched == 0 || value >= pool_.size()) return std::nullopt;
  const size_t end = pool_.find('\0', value);
  return Match{std::string_view(pool_).substr(value, end - value), matched};
}

}  // namespace albert::text
