// Loops over a run of floats: whole vectors, then one masked tail; and what lanes come to together.
#pragma once

#include <cstdint>

namespace albert::cpu::ALBERT_ISA {
namespace {

typedef int32_t IntVec __attribute__((vector_size(sizeof(Vec))));
typedef uint32_t WordVec __attribute__((vector_size(sizeof(Vec))));

/// All lanes of a vector, or the first `count`: one loop body serves both.
struct AllLanes {};
struct FirstLanes {
  Lanes mask;
  int64_t count;  // in [1, kWidth)

  explicit FirstLanes(int64_t lanes) : mask(first_lanes(lanes)), count(lanes) {}
};

inline Vec load(const float* p, AllLanes) {
  return load(p);
}
inline Vec load(const float* p, const FirstLanes& lanes) {
  return load(p, lanes.mask);
}
inline void store(float* p, Vec v, AllLanes) {
  store(p, v);
}
inline void store(float* p, Vec v, const FirstLanes& lanes) {
  store(p, v, lanes.mask);
}
inline Vec select(AllLanes, Vec yes, Vec) {
  return yes;
}
inline Vec select(const FirstLanes& lanes, Vec yes, Vec no) {
  return select(lanes.mask, yes, no);
}

/// body(index, lanes) for index = 0, kWidth, 2·kWidth, ...
template <class Body>
[[gnu::always_inline]] inline void for_each_vector(int64_t count, const Body& body) {
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) body(i, AllLanes{});
  if (i < count) body(i, FirstLanes(count - i));
}

/// Σ of what term(index, lanes) returns, lane by lane. Blocks are summed on their own, then added
/// up: a long row then rounds no worse than a short one.
template <class Term>
[[gnu::always_inline]] inline Vec sum_of_vectors(int64_t count, const Term& term) {
  constexpr int64_t kBlock = 64 * kWidth;
  Vec total = broadcast(0.0f);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    Vec block = broadcast(0.0f);
    for_each_vector(count - begin < kBlock ? count - begin : kBlock,
                    [&](int64_t i, auto lanes) { block = block + term(begin + i, lanes); });
    total = total + block;
  }
  return total;
}

/// Combines the lanes by halves, the same tree for every length: each lane with the one kDistance
/// away, then with the one half as far away, and so on. All lanes of the result are equal.
template <int kDistance = kWidth / 2, class Combine>
inline Vec folded(Vec v, const Combine& combine) {
  IntVec others;
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) others[i] = i ^ kDistance;
  v = combine(v, (Vec)__builtin_shuffle(v, others));
  if constexpr (kDistance > 1) v = folded<kDistance / 2>(v, combine);
  return v;
}

inline float sum_of_lanes(Vec v) {
  return folded(v, [](Vec a, Vec b) { return a + b; })[0];
}
inline float largest_lane(Vec v) {
  return folded(v, [](Vec a, Vec b) { return maximum(a, b); })[0];
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
