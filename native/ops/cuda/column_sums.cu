// sums[c] += Σ_r x[r, c]: the gradient of a bias.
#include "ops/cuda/column_sums.cuh"

#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

/// 64 rows make 8 additions a thread; the 256 threads of a block then read 64 × 32 numbers.
constexpr int64_t kRowsPerPart = 64;

}  // namespace

size_t scratch_bytes(const ColumnSums& op) {
  return size_t(divided_up(op.x.rows(), kRowsPerPart) * op.x.columns()) * sizeof(float);
}

cudaError_t run(const ColumnSums& op, const Queue& queue) {
  if (op.x.size() == 0) return cudaSuccess;
  const auto columns = int(op.x.columns());
  const int64_t parts = divided_up(op.x.rows(), kRowsPerPart);
  if (parts == 1) {
    return for_type(op.x.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      return sum_columns<T>({.sums = op.sums.as<float>(),
                             .x = rows_of<const T>(op.x),
                             .rows = op.x.rows(),
                             .columns = columns,
                             .rows_per_part = kRowsPerPart,
                             .accumulate = true},
                            queue.stream);
    });
  }
  auto* partial = static_cast<float*>(queue.scratch);
  const cudaError_t error = for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    return sum_columns<T>({.sums = partial,
                           .x = rows_of<const T>(op.x),
                           .rows = op.x.rows(),
                           .columns = columns,
                           .rows_per_part = kRowsPerPart,
                           .accumulate = false},
                          queue.stream);
  });
  if (error != cudaSuccess) return error;
  return sum_columns<float>({.sums = op.sums.as<float>(),
                             .x = {partial, columns},
                             .rows = parts,
                             .columns = columns,
                             .rows_per_part = parts,
                             .accumulate = true},
                            queue.stream);
}

}  // namespace albert::cuda
