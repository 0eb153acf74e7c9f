// What the processor can do at most: the floor that kernels are held against.
#pragma once

#include <cstddef>

#include "core/thread_pool.h"
#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu {

/// Floating-point operations a second of `width` threads that multiply and add in registers, the
/// best of the runs of a few milliseconds that fit in `seconds`, which is one at least.
double measure_peak_flops(const FormatKernels& kernels, ThreadPool& pool, int width,
                          double seconds);

/// Bytes a second that `width` threads read and write while each goes over its part of a working
/// set of `bytes` again and again: a small set measures a cache, a large one memory.
double measure_peak_bytes(const KernelTable& kernels, ThreadPool& pool, int width, size_t bytes);

/// Instructions that the slowest of `width` threads fetches while a multiplication of integers
/// takes place. Takes a tenth of a millisecond. Nothing else shows as well whether a core is shared
/// with another hyperthread: multiplications in a chain need none of what both share, instructions
/// that do nothing need nothing but that.
double measure_fetch_rate(ThreadPool& pool, int width);

}  // namespace albert::cpu
