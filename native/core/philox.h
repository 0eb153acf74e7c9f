// Random numbers as a function of a counter: the same in any order, on any thread, on any device.
#pragma once

#include <array>
#include <cstdint>

namespace albert {

using PhiloxBlock = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

/// Philox 4x32 with 10 rounds: four random words for each pair of counter and key. Source: Salmon,
/// Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) noexcept;

/// A word as a number in the open interval (0, 1).
constexpr double uniform_of(uint32_t word) {
  return (double(word) + 0.5) * 0x1p-32;
}

/// Two words as two independent standard normal numbers (Box and Muller).
std::array<double, 2> normals_of(uint32_t radius, uint32_t angle) noexcept;

/// The numbers of one seed and stream, one after the other. Streams of a seed are independent.
class PhiloxStream {
 public:
  explicit PhiloxStream(uint64_t seed, uint64_t stream = 0);

  uint32_t next();
  /// In (0, 1).
  double uniform() { return uniform_of(next()); }
  /// Mean 0, variance 1.
  double normal();
  /// In [0, bound), bound > 0; the bias is below bound / 2^32.
  uint32_t below(uint32_t bound) { return uint32_t((uint64_t{next()} * bound) >> 32); }

 private:
  PhiloxKey key_;
  PhiloxBlock counter_;
  PhiloxBlock words_ = {};
  int unused_words_ = 0;
  double spare_normal_ = 0;
  bool has_spare_normal_ = false;
};

}  // namespace albert
