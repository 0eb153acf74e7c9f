// y = x ⊙ mask; backward is the same product.
#include "ops/cuda/elements.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/philox.cuh"

namespace albert::cuda {

namespace {

constexpr int kWarps = 8;
constexpr int kSpan = 128;  // columns that 16 blocks of random words serve

template <class T>
struct DropoutArguments {
  Rows<T> y;
  Rows<const T> x;
  DropoutMask mask;
  int64_t rows;
  int columns;
};

/// A warp for each 128 columns of a row, in which lane l has the columns l, l + 32, l + 64 and l +
/// 96: they share one block of random words, so that no lane draws more than one. Drawing bounds
/// it, about 100 instructions for 4 elements (a calculation: not measured on a device).
template <class T>
__global__ void __launch_bounds__(32 * kWarps) dropout_kernel(const DropoutArguments<T> a) {
  const int spans = divided_up(a.columns, kSpan);
  const int64_t item = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  const int64_t row = item / spans;
  if (row >= a.rows) return;
  const int lane = int(threadIdx.x % 32), span = int(item % spans);
  const unsigned kept = a.mask ? a.mask.kept(row, 0, span * 16 + lane % 16) : ~0u;
#pragma unroll
  for (int i = 0; i < kSpan / 32; ++i) {
    const int column = span * kSpan + i * 32 + lane;
    if (column >= a.columns) continue;
    const float factor = a.mask.factor_of(kept, i * 2 + lane / 16);
    a.y[row][column] = from_float<T>(to_float(a.x[row][column]) * factor);
  }
}

}  // namespace

cudaError_t run(const DropoutForward& op, const Queue& queue) {
  if (op.x.size() == 0) return cudaSuccess;
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const DropoutArguments<T> arguments{.y = rows_of<T>(op.y),
                                        .x = rows_of<const T>(op.x),
                                        .mask = mask_of(op.dropout),
                                        .rows = op.x.rows(),
                                        .columns = int(op.x.columns())};
    const int64_t items = op.x.rows() * divided_up<int64_t>(op.x.columns(), kSpan);
    const dim3 grid(unsigned(divided_up<int64_t>(items, kWarps)));
    return launch(dropout_kernel<T>, {grid, dim3(32 * kWarps), 0, queue.stream}, arguments);
  });
}

}  // namespace albert::cuda
