// The Mersenne Twister, seeded and read as CPython and numpy do.
#include "data/random.h"

#include <bit>

namespace albert::data {

MersenneTwister::MersenneTwister(uint32_t seed) {
  words_[0] = seed;
  for (uint32_t i = 1; i < kWords; ++i) {
    words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
  }
}

MersenneTwister MersenneTwister::as_numpy(uint32_t seed) {
  return MersenneTwister(seed);
}

MersenneTwister MersenneTwister::as_python(uint64_t seed) {
  constexpr uint32_t kArraySeed = 19650218;
  MersenneTwister generator(kArraySeed);
  std::vector<uint32_t> key = {uint32_t(seed)};
  if (seed >> 32 != 0) key.push_back(uint32_t(seed >> 32));
  generator.mix_in(key);
  return generator;
}

uint32_t MersenneTwister::mixed(size_t i, uint32_t multiplier) const {
  return words_[i] ^ ((words_[i - 1] ^ (words_[i - 1] >> 30)) * multiplier);
}

/// The word that is mixed after word i; word 0 holds a copy of the last one at each turn.
size_t MersenneTwister::after(size_t i) {
  if (i + 1 < kWords) return i + 1;
  words_[0] = words_[kWords - 1];
  return 1;
}

void MersenneTwister::mix_in(const std::vector<uint32_t>& key) {
  size_t i = 1;
  for (size_t count = 0; count < kWords; ++count, i = after(i)) {
    const size_t j = count % key.size();
    words_[i] = mixed(i, 1664525u) + key[j] + uint32_t(j);
  }
  for (size_t count = 1; count < kWords; ++count, i = after(i)) {
    words_[i] = mixed(i, 1566083941u) - uint32_t(i);
  }
  words_[0] = 0x80000000u;
}

void MersenneTwister::advance() {
  constexpr size_t kShift = 397;
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t y = (words_[i] & 0x80000000u) | (words_[(i + 1) % kWords] & 0x7fffffffu);
    words_[i] = words_[(i + kShift) % kWords] ^ (y >> 1) ^ ((y & 1u) * 0x9908b0dfu);
  }
  used_ = 0;
}

uint32_t MersenneTwister::next() {
  if (used_ == kWords) advance();
  uint32_t y = words_[used_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double MersenneTwister::uniform() {
  const uint32_t high = next() >> 5;
  const uint32_t low = next() >> 6;
  return (double(high) * 0x1p26 + double(low)) * 0x1p-53;
}

uint32_t MersenneTwister::below(uint32_t bound) {
  const int bits = std::bit_width(bound);
  uint32_t drawn;
  do {
    drawn = next() >> (32 - bits);
  } while (drawn >= bound);
  return drawn;
}

}  // namespace albert::data
