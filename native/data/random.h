// Where the draws of pretraining data come from: Philox, or the generators of the original script.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/philox.h"

namespace albert::data {

class RandomSource {
 public:
  virtual ~RandomSource() = default;

  /// In [0, 1).
  virtual double uniform() = 0;
  /// In [0, bound), bound > 0.
  virtual uint32_t below(uint32_t bound) = 0;

  bool chance(double probability) { return uniform() < probability; }
  /// In [low, high], both included.
  int64_t between(int64_t low, int64_t high) { return low + below(uint32_t(high - low + 1)); }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(uint32_t(i))]);
  }
};

/// One stream of a seed: what a block of examples is drawn from.
class PhiloxSource final : public RandomSource {
 public:
  PhiloxSource(uint64_t seed, uint64_t stream) : stream_(seed, stream) {}

  double uniform() override { return stream_.uniform(); }
  uint32_t below(uint32_t bound) override { return stream_.below(bound); }

 private:
  PhiloxStream stream_;
};

/// MT19937 with the draws of CPython 3.11 (`random.Random`) and numpy (`numpy.random.seed`).
/// Source: Matsumoto, Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998), and its mt19937ar.c of
/// 2002.
class MersenneTwister final : public RandomSource {
 public:
  /// As `random.Random(seed)`.
  static MersenneTwister as_python(uint64_t seed);
  /// As after `numpy.random.seed(seed)`.
  static MersenneTwister as_numpy(uint32_t seed);

  uint32_t next();
  /// 53 bits: `random.random()` and `numpy.random.random_sample()`.
  double uniform() override;
  /// `random._randbelow`: as many bits as the bound has, drawn again until they are below it.
  uint32_t below(uint32_t bound) override;

 private:
  static constexpr size_t kWords = 624;

  explicit MersenneTwister(uint32_t seed);
  void mix_in(const std::vector<uint32_t>& key);
  uint32_t mixed(size_t i, uint32_t multiplier) const;
  size_t after(size_t i);
  void advance();

  std::array<uint32_t, kWords> words_;
  size_t used_ = kWords;
};

}  // namespace albert::data
