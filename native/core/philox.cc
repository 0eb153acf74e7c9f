// Random numbers as a function of a counter.
#include "core/philox.h"

#include <cmath>
#include <numbers>

namespace albert {

namespace {

// Multipliers and key increments of the paper, section 4.3.
constexpr uint64_t kMultiplier0 = 0xD2511F53;
constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

PhiloxBlock philox_round(const PhiloxBlock& c, const PhiloxKey& key) {
  const uint64_t product0 = kMultiplier0 * c[0];
  const uint64_t product1 = kMultiplier1 * c[2];
  return {uint32_t(product1 >> 32) ^ c[1] ^ key[0], uint32_t(product1),
          uint32_t(product0 >> 32) ^ c[3] ^ key[1], uint32_t(product0)};
}

}  // namespace

PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) noexcept {
  for (int round = 0; round < kRounds; ++round) {
    counter = philox_round(counter, key);
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::array<double, 2> normals_of(uint32_t radius, uint32_t angle) noexcept {
  const double length = std::sqrt(-2 * std::log(uniform_of(radius)));
  const double turn = 2 * std::numbers::pi * uniform_of(angle);
  return {length * std::cos(turn), length * std::sin(turn)};
}

PhiloxStream::PhiloxStream(uint64_t seed, uint64_t stream)
    : key_{uint32_t(seed), uint32_t(seed >> 32)},
      counter_{0, 0, uint32_t(stream), uint32_t(stream >> 32)} {}

uint32_t PhiloxStream::next() {
  if (unused_words_ == 0) {
    words_ = philox(counter_, key_);
    unused_words_ = int(words_.size());
    if (++counter_[0] == 0) ++counter_[1];
  }
  return words_[words_.size() - size_t(unused_words_--)];
}

double PhiloxStream::normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const uint32_t radius = next();
  const auto [first, second] = normals_of(radius, next());
  spare_normal_ = second;
  has_spare_normal_ = true;
  return first;
}

}  // namespace albert
