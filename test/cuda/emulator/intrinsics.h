// The functions that kernels call: barriers, shuffles, votes, atomics, arithmetic.
#pragma once

#include "runtime.h"

inline void __syncthreads(emulator::Site at = emulator::Site::current()) {
  emulator::sync_block(at);
}
inline void __syncwarp(unsigned mask = ~0u, emulator::Site at = emulator::Site::current()) {
  emulator::sync_warp(mask, at);
}
inline void __threadfence() {}
inline void __threadfence_block() {}

namespace emulator {

template <class T>
T shuffle(unsigned mask, T value, int source, Site at) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  const Payload* lanes = exchange(mask, &value, sizeof(T), at);
  if (!(mask >> source & 1)) {
    fail("%s:%u: lane %u reads lane %d, which is not in mask %08x", at.file_name(), at.line(),
         lane(), source, mask);
  }
  std::memcpy(&value, &lanes[source], sizeof(T));
  return value;
}

}  // namespace emulator

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              emulator::Site at = emulator::Site::current()) {
  const int first = int(emulator::lane()) & ~(width - 1);
  return emulator::shuffle(mask, value, first | (source & (width - 1)), at);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32,
                  emulator::Site at = emulator::Site::current()) {
  const int self = int(emulator::lane()), source = self ^ flip;
  return emulator::shuffle(mask, value, source / width > self / width ? self : source, at);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   emulator::Site at = emulator::Site::current()) {
  const int self = int(emulator::lane()), source = self + int(delta);
  return emulator::shuffle(mask, value, source / width != self / width ? self : source, at);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 emulator::Site at = emulator::Site::current()) {
  const int self = int(emulator::lane()), source = self - int(delta);
  const bool outside = source < 0 || source / width != self / width;
  return emulator::shuffle(mask, value, outside ? self : source, at);
}
inline unsigned __ballot_sync(unsigned mask, int predicate,
                              emulator::Site at = emulator::Site::current()) {
  const unsigned mine = predicate != 0;
  const emulator::Payload* lanes = emulator::exchange(mask, &mine, sizeof mine, at);
  unsigned votes = 0;
  for (int i = 0; i < 32; ++i) {
    if (mask >> i & 1) votes |= unsigned(lanes[i].words[0] & 1) << i;
  }
  return votes;
}
inline int __any_sync(unsigned mask, int predicate,
                      emulator::Site at = emulator::Site::current()) {
  return __ballot_sync(mask, predicate, at) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      emulator::Site at = emulator::Site::current()) {
  return __ballot_sync(mask, predicate, at) == mask;
}

// Sanitizers see these as atomics; only one fiber runs at a time anyway.
inline int atomicAdd(int* place, int value) {
  return __atomic_fetch_add(place, value, __ATOMIC_RELAXED);
}
inline unsigned atomicAdd(unsigned* place, unsigned value) {
  return __atomic_fetch_add(place, value, __ATOMIC_RELAXED);
}
inline float atomicAdd(float* place, float value) {
  using Bits = uint32_t __attribute__((may_alias));
  auto* bits = reinterpret_cast<Bits*>(place);
  uint32_t old = __atomic_load_n(bits, __ATOMIC_RELAXED), next;
  do {
    next = std::bit_cast<uint32_t>(std::bit_cast<float>(old) + value);
  } while (!__atomic_compare_exchange_n(bits, &old, next, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
  return std::bit_cast<float>(old);
}

template <class T>
T __ldg(const T* place) {
  return *place;
}
template <class T>
T __ldcs(const T* place) {
  return *place;
}
template <class T>
void __stcs(T* place, T value) {
  *place = value;
}

inline float rsqrtf(float x) {
  return 1.0f / sqrtf(x);
}
inline double rsqrt(double x) {
  return 1.0 / sqrt(x);
}
// Macros, because glibc declares these names. As the hardware does it: ex2.approx of the product.
#define __expf(x) exp2f((x) * 1.4426950408889634f)
#define __logf(x) (log2f(x) * 0.6931471805599453f)
inline float __fdividef(float a, float b) {
  return a / b;
}
inline float __frcp_rn(float x) {
  return 1.0f / x;
}
inline float __fsqrt_rn(float x) {
  return sqrtf(x);
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fsub_rn(float a, float b) {
  return a - b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}
inline float __fmaf_rn(float a, float b, float c) {
  return fmaf(a, b, c);
}
inline double __dmul_rn(double a, double b) {
  return a * b;
}
inline double __dadd_rn(double a, double b) {
  return a + b;
}
inline unsigned __float_as_uint(float value) {
  return std::bit_cast<unsigned>(value);
}
inline int __float_as_int(float value) {
  return std::bit_cast<int>(value);
}
inline float __uint_as_float(unsigned value) {
  return std::bit_cast<float>(value);
}
inline float __int_as_float(int value) {
  return std::bit_cast<float>(value);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return unsigned(uint64_t(a) * b >> 32);
}
inline int __popc(unsigned value) {
  return std::popcount(value);
}
inline int __clz(int value) {
  return std::countl_zero(unsigned(value));
}
inline int __ffs(int value) {
  return value ? std::countr_zero(unsigned(value)) + 1 : 0;
}
inline int __float2int_rn(float value) {
  return int(std::nearbyint(value));
}
inline int min(int a, int b) {
  return a < b ? a : b;
}
inline int max(int a, int b) {
  return a > b ? a : b;
}
inline float min(float a, float b) {
  return fminf(a, b);
}
inline float max(float a, float b) {
  return fmaxf(a, b);
}
inline long min(long a, long b) {
  return a < b ? a : b;
}
inline long max(long a, long b) {
  return a > b ? a : b;
}
