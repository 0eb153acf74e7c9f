// Softmax and log-softmax: segments are dealt out to threads.
#include <cmath>

#include "ops/cpu/executor.h"
#include "ops/cpu/segments.h"

namespace albert::cpu {

void CpuOps::run(const SoftmaxForward& op) {
  const Segments segments(op.x, op.cu_seqlens);
  for_ranges(segments.count(), 2 * segments.mean_length(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* x = segments.begin(op.x, i);
      float* y = segments.begin(op.y, i);
      if (!op.logarithm) {
        kernels_.softmax(y, x, segments.length(i));
        continue;
      }
      const SoftmaxStatistics s = kernels_.softmax_statistics(x, segments.length(i));
      // The maximum goes first: x − m is exact where it matters, m + log Σ would round.
      kernels_.subtract(y, x, s.maximum, segments.length(i));
      kernels_.subtract(y, y, std::log(s.sum), segments.length(i));
    }
  });
}

void CpuOps::run(const SoftmaxBackward& op) {
  const Segments segments(op.y, op.cu_seqlens);
  for_ranges(segments.count(), 2 * segments.mean_length(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      kernels_.training.softmax_backward(
          {.dx = segments.begin(op.dx, i),
           .dy = segments.begin(op.dy, i),
           .y = segments.begin(op.y, i),
           .dresidual = op.dresidual ? segments.begin(op.dresidual, i) : nullptr,
           .count = segments.length(i),
           .logarithm = op.logarithm});
    }
  });
}

}  // namespace albert::cpu
