// Weighted sum of each sequence's rows: sequences are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const WeightedSumForward& op) {
  const int32_t* offsets = op.cu_seqlens.as<int32_t>();
  const int64_t sequences = op.y.rows();
  if (sequences == 0) return;
  const double mean_length = double(op.x.rows()) / double(sequences);
  const double units = 0.3 * mean_length * double(op.x.columns());
  for_ranges(sequences, units, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      kernels_.weighted_sum({.y = op.y.row<float>(b),
                             .x = op.x.row<float>(offsets[b]),
                             .x_stride = op.x.row_stride,
                             .weights = op.weights.as<float>() + offsets[b],
                             .rows = offsets[b + 1] - offsets[b],
                             .columns = op.x.columns()});
    }
  });
}

void CpuOps::run(const WeightedSumBackward& op) {
  const int32_t* offsets = op.cu_seqlens.as<int32_t>();
  const int64_t sequences = op.dy.rows();
  if (sequences == 0) return;
  const double units = double(op.x.size()) / double(sequences);
  for_ranges(sequences, units, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = offsets[b];
      kernels_.training.weighted_sum_backward(
          {.dx = op.dx.row<float>(first),
           .dx_stride = op.dx.row_stride,
           .dweights = op.dweights.as<float>() + first,
           .dy = op.dy.row<float>(b),
           .x = op.x.row<float>(first),
           .x_stride = op.x.row_stride,
           .weights = op.weights.as<float>() + first,
           .dresidual = op.dresidual ? op.dresidual.row<float>(first) : nullptr,
           .dresidual_stride = op.dresidual.row_stride,
           .rows = offsets[b + 1] - first,
           .columns = op.x.columns()});
    }
  });
}

}  // namespace albert::cpu
