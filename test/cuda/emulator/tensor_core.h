// The emulated twins of tensor_core.cuh; fragment layouts as in the PTX ISA. What touches shared
// or device memory is written here, in the kernels' translation unit, where sanitizers see it.
#pragma once

#include "runtime.h"

namespace emulator {

enum class MmaElement { kBF16, kF16 };
/// registers: a[0..3], b[0..1]. Sums are exact, then truncated to float32 as tensor cores do.
void mma(float* d, const uint32_t (&registers)[6], const float* c, MmaElement element, Site at);

/// Refuses what is not 16 aligned bytes, or not in shared memory, where it must be.
void check_row(const void* row, const char* instruction, Site at);
void check_copy(const void* to, const void* from, bool valid, Site at);

inline void load_matrices(unsigned (&fragments)[4], const void* row, bool transposed, Site at) {
  using Element = const uint16_t __attribute__((may_alias));
  check_row(row, "ldmatrix", at);
  const Payload* lanes = exchange(~0u, &row, sizeof row, at);
  const int i = int(lane()) / 4, j = int(lane()) % 4 * 2;
  for (int matrix = 0; matrix < 4; ++matrix) {
    const auto element = [&](int r, int c) {
      return unsigned(reinterpret_cast<Element*>(lanes[matrix * 8 + r].words[0])[c]);
    };
    fragments[matrix] = transposed ? element(j, i) | element(j + 1, i) << 16
                                   : element(i, j) | element(i, j + 1) << 16;
  }
}

/// The bytes arrive at the wait, as late as the hardware may deliver them; until then the target
/// holds NaN.
inline void copy_async(void* to, const void* from, bool valid, Site at) {
  check_copy(to, from, valid, at);
  *static_cast<uint4*>(to) = {~0u, ~0u, ~0u, ~0u};
  queue_copy({to, from, valid});
}

inline void finish_copies(int pending) {
  for (Copy copy; take_finished_copy(pending, copy);) {
    *static_cast<uint4*>(copy.to) = copy.valid ? *static_cast<const uint4*>(copy.from) : uint4{};
  }
}

}  // namespace emulator

inline void mma_m16n8k16_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                              const float (&c)[4],
                              emulator::Site at = emulator::Site::current()) {
  emulator::mma(d, {a[0], a[1], a[2], a[3], b[0], b[1]}, c, emulator::MmaElement::kBF16, at);
}
inline void mma_m16n8k16_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                             const float (&c)[4], emulator::Site at = emulator::Site::current()) {
  emulator::mma(d, {a[0], a[1], a[2], a[3], b[0], b[1]}, c, emulator::MmaElement::kF16, at);
}
inline void ldmatrix_x4(unsigned (&fragments)[4], const void* row,
                        emulator::Site at = emulator::Site::current()) {
  emulator::load_matrices(fragments, row, false, at);
}
inline void ldmatrix_x4_transposed(unsigned (&fragments)[4], const void* row,
                                   emulator::Site at = emulator::Site::current()) {
  emulator::load_matrices(fragments, row, true, at);
}
inline void copy_async_16(void* to, const void* from, bool valid = true,
                          emulator::Site at = emulator::Site::current()) {
  emulator::copy_async(to, from, valid, at);
}
inline void copy_async_commit() {
  emulator::commit_copies();
}
template <int kPending>
void copy_async_wait() {
  emulator::finish_copies(kPending);
}
