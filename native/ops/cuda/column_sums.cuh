// Adds the sums of columns to a vector, in two steps of fixed order.
#pragma once

#include "ops/cuda/elements.cuh"

namespace albert::cuda {

template <class T>
struct ColumnSumsArguments {
  float* sums;       // (parts, columns)
  Rows<const T> x;
  int64_t rows;
  int columns;
  int64_t rows_per_part;
  bool accumulate;
};

constexpr int kColumnLanes = 32;  // columns of a block, side by side
constexpr int kRowLanes = 8;      // rows of a block at a time

/// Thread (c, r) of a block adds rows r, r + 8, ... of a part, then the first of them the 8 sums.
template <class T>
__global__ void __launch_bounds__(kColumnLanes * kRowLanes)
    column_sums_kernel(const ColumnSumsArguments<T> a) {
  __shared__ float partial[kRowLanes][kColumnLanes];
  const int column = int(blockIdx.y) * kColumnLanes + int(threadIdx.x);
  const int64_t first = int64_t(blockIdx.x) * a.rows_per_part;
  const int64_t end = first + a.rows_per_part < a.rows ? first + a.rows_per_part : a.rows;
  float sum = 0;
  if (column < a.columns) {
#pragma unroll 4
    for (int64_t row = first + threadIdx.y; row < end; row += kRowLanes) {
      sum += to_float(a.x[row][column]);
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= a.columns) return;
#pragma unroll
  for (int row = 1; row < kRowLanes; ++row) sum += partial[row][threadIdx.x];
  float* to = a.sums + int64_t(blockIdx.x) * a.columns + column;
  *to = a.accumulate ? *to + sum : sum;
}

template <class T>
cudaError_t sum_columns(const ColumnSumsArguments<T>& arguments, cudaStream_t stream) {
  // Rows may be more than a grid has in its second direction (65,535 blocks).
  const dim3 grid(unsigned(divided_up(arguments.rows, arguments.rows_per_part)),
                  unsigned(divided_up(arguments.columns, kColumnLanes)));
  return launch(column_sums_kernel<T>, {grid, dim3(kColumnLanes, kRowLanes), 0, stream},
                arguments);
}

}  // namespace albert::cuda
