// y = (s − mean) · rstd · weight + bias, with s = dropout(x) + residual; and its backward.
#include "ops/cuda/column_sums.cuh"
#include "ops/cuda/elements.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/philox.cuh"

namespace albert::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;

/// The terms of s = dropout(x) + residual.
template <class X, class R>
struct Summands {
  Rows<const X> x;
  Rows<const R> residual;
  DropoutMask dropout;
  int64_t rows;
  int columns;
};

template <int kWidth>
struct SumVector {
  float values[kWidth];
  unsigned kept;  // bit i: dropout kept value i
};

/// One row of s, spread over kTeam threads: each holds kVectors times kWidth neighbouring columns
/// in registers and reads further ones again wherever they are wanted.
template <class X, class R, int kTeam, int kWidth, int kVectors>
class RowSum {
 public:
  using Vector = SumVector<kWidth>;

  __device__ __forceinline__ RowSum(const Summands<X, R>& terms, int64_t row)
      : terms_(terms), row_(row) {
#pragma unroll
    for (int k = 0; k < kVectors; ++k) held_[k] = read(k);
  }

  /// body(vector, its first column) for each of this thread's vectors.
  template <class Body>
  __device__ __forceinline__ void for_each(const Body& body) const {
    for_each_held([&](const Vector& vector, int column, int) { body(vector, column); });
    for_each_further(body);
  }

  /// body(vector, its first column, its index) for those in registers.
  template <class Body>
  __device__ __forceinline__ void for_each_held(const Body& body) const {
#pragma unroll
    for (int k = 0; k < kVectors; ++k) {
      if (column(k) < terms_.columns) body(held_[k], column(k), k);
    }
  }

  /// body(vector, its first column) for the others.
  template <class Body>
  __device__ __forceinline__ void for_each_further(const Body& body) const {
    for (int k = kVectors; first_of_warp(k) < terms_.columns; ++k) {
      const Vector vector = read(k);
      if (column(k) < terms_.columns) body(vector, column(k));
    }
  }

 private:
  __device__ __forceinline__ static int column(int k) {
    return (k * kTeam + int(threadIdx.x % kTeam)) * kWidth;
  }
  __device__ __forceinline__ static int first_of_warp(int k) {
    return column(k) - int(threadIdx.x % 32) * kWidth;
  }

  /// All lanes of a warp call it together: they share the draws of a mask.
  __device__ __forceinline__ Vector read(int k) const {
    Vector vector = {};
    if (first_of_warp(k) >= terms_.columns) return vector;
    vector.kept = terms_.dropout.template kept_columns<kWidth>(row_, column(k));
    if (column(k) >= terms_.columns) return vector;
    load(vector.values, terms_.x[row_] + column(k));
    float residual[kWidth] = {};
    if (terms_.residual) load(residual, terms_.residual[row_] + column(k));
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float factor = terms_.dropout.factor_of(vector.kept, i);
      vector.values[i] = vector.values[i] * factor + residual[i];
    }
    return vector;
  }

  const Summands<X, R>& terms_;
  int64_t row_;
  Vector held_[kVectors];
};

template <class X, class Y>
struct ForwardArguments {
  Rows<Y> y;
  float* mean;
  float* rstd;
  Summands<X, Y> terms;
  const float* weight;
  const float* bias;
  float epsilon;
};

/// kTeam threads a row: a warp, which needs no barrier, holds 1024 columns in 32 registers a
/// thread, a block of 256 eight times as many. Memory bounds it: 3 values an element
/// are moved, once, and 8 warps a block keep enough of them under way (calculated, not measured on
/// a device).
template <class X, class Y, int kTeam, int kWidth>
__global__ void __launch_bounds__(kThreads)
    layer_norm_forward_kernel(const ForwardArguments<X, Y> a) {
  const int64_t row = int64_t(blockIdx.x) * (kThreads / kTeam) + threadIdx.x / kTeam;
  if (row >= a.terms.rows) return;  // a whole warp or block
  const RowSum<X, Y, kTeam, kWidth, 8> s(a.terms, row);
  using Vector = SumVector<kWidth>;
  const float columns = float(a.terms.columns);

  float sum = 0;
  s.for_each([&](const Vector& vector, int) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum += vector.values[i];
  });
  const float mean = team_reduce<kTeam>(sum, Sum{}) / columns;

  // What rounding took off the mean, which is much where the mean is large against the deviation,
  // shows in the sum of the differences to it.
  float squares = 0, rest = 0;
  s.for_each([&](const Vector& vector, int) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float centred = vector.values[i] - mean;
      squares += centred * centred;
      rest += centred;
    }
  });
  rest = team_reduce<kTeam>(rest, Sum{}) / columns;
  const float variance = team_reduce<kTeam>(squares, Sum{}) / columns - rest * rest;
  const float rstd = 1.0f / sqrtf(variance + a.epsilon);

  s.for_each([&](const Vector& vector, int column) {
    float y[kWidth], weight[kWidth], bias[kWidth];
    load(weight, a.weight + column);
    load(bias, a.bias + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      y[i] = (vector.values[i] - mean - rest) * rstd * weight[i] + bias[i];
    }
    store(a.y[row] + column, y);
  });
  if (threadIdx.x % kTeam != 0) return;
  if (a.mean) a.mean[row] = mean + rest;
  if (a.rstd) a.rstd[row] = rstd;
}

template <class T>
struct BackwardArguments {
  Rows<T> dx;
  Rows<T> dresidual;
  float* dweight;  // (blocks, C); null = not wanted, as dbias
  float* dbias;
  Rows<const T> dy;
  Summands<T, T> terms;
  const float* mean;
  const float* rstd;
  const float* weight;
  int64_t rows_per_block;
};

/// A block takes rows one after the other, a thread the same columns of each, so that it adds up
/// dweight and dbias of these alone: in registers, or in its own row of memory where a row is
/// longer than registers hold. (Two blocks a multiprocessor: without that word ptxas spares
/// registers for four, and spills.)
template <class T, int kWidth, int kVectors>
__global__ void __launch_bounds__(kThreads, 2)
    layer_norm_backward_kernel(const BackwardArguments<T> a) {
  using Vector = SumVector<kWidth>;
  const int64_t first = int64_t(blockIdx.x) * a.rows_per_block;
  const int64_t next = first + a.rows_per_block;
  const int64_t end = next < a.terms.rows ? next : a.terms.rows;
  float* dweight_row = a.dweight ? a.dweight + int64_t(blockIdx.x) * a.terms.columns : nullptr;
  float* dbias_row = a.dbias ? a.dbias + int64_t(blockIdx.x) * a.terms.columns : nullptr;
  float dweight[kVectors][kWidth] = {}, dbias[kVectors][kWidth] = {};

  for (int64_t row = first; row < end; ++row) {
    const RowSum<T, T, kThreads, kWidth, kVectors> s(a.terms, row);
    const float mean = a.mean[row], rstd = a.rstd[row];
    const T* dy_row = a.dy[row];

    float sums[2] = {};  // Σ g, Σ g ŝ
    s.for_each([&](const Vector& vector, int column) {
      float dy[kWidth], weight[kWidth];
      load(dy, dy_row + column);
      load(weight, a.weight + column);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float g = dy[i] * weight[i];
        sums[0] += g;
        sums[1] += g * ((vector.values[i] - mean) * rstd);
      }
    });
    block_sums<kThreads>(sums);
    const float mean_g = sums[0] / float(a.terms.columns);
    const float mean_product = sums[1] / float(a.terms.columns);

    // Leaves ŝ and dy of a vector, before dx takes dy's place.
    const auto differentiate = [&](const Vector& vector, int column, Vector& normed,
                                   float (&dy)[kWidth]) {
      float weight[kWidth], ds[kWidth], dx[kWidth];
      load(dy, dy_row + column);
      load(weight, a.weight + column);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        normed.values[i] = (vector.values[i] - mean) * rstd;
        ds[i] = rstd * (dy[i] * weight[i] - mean_g - normed.values[i] * mean_product);
        dx[i] = ds[i] * a.terms.dropout.factor_of(vector.kept, i);
      }
      store(a.dx[row] + column, dx);
      if (a.dresidual) store(a.dresidual[row] + column, ds);
    };
    s.for_each_held([&](const Vector& vector, int column, int k) {
      Vector normed;
      float dy[kWidth];
      differentiate(vector, column, normed, dy);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        dweight[k][i] += dy[i] * normed.values[i];
        dbias[k][i] += dy[i];
      }
    });
    s.for_each_further([&](const Vector& vector, int column) {
      Vector normed;
      float dy[kWidth];
      differentiate(vector, column, normed, dy);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const auto add = [&](float* sums_row, float value) {
          if (sums_row) sums_row[column + i] = (row > first ? sums_row[column + i] : 0) + value;
        };
        add(dweight_row, dy[i] * normed.values[i]);
        add(dbias_row, dy[i]);
      }
    });
  }

#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    const int column = (k * kThreads + int(threadIdx.x)) * kWidth;
    if (column >= a.terms.columns) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      if (dweight_row) dweight_row[column + i] = dweight[k][i];
      if (dbias_row) dbias_row[column + i] = dbias[k][i];
    }
  }
}

/// Rows of partial sums: at most 512 blocks, more than any device holds at a time.
int64_t rows_per_block(const LayerNormBackward& op) {
  constexpr int64_t kBlocks = 512;
  return divided_up(op.x.rows(), kBlocks);
}

int64_t partial_rows(const LayerNormBackward& op) {
  return op.x.rows() == 0 ? 0 : divided_up(op.x.rows(), rows_per_block(op));
}

/// Adds the blocks' sums up.
cudaError_t join(const Tensor& gradient, const float* partial, int64_t parts,
                 cudaStream_t stream) {
  if (!gradient) return cudaSuccess;
  const auto columns = int(gradient.size());
  return sum_columns<float>({.sums = gradient.as<float>(),
                             .x = {partial, columns},
                             .rows = parts,
                             .columns = columns,
                             .rows_per_part = parts,
                             .accumulate = true},
                            stream);
}

template <class X, class R, class Op>
Summands<X, R> summands_of(const Op& op) {
  return {.x = rows_of<const X>(op.x),
          .residual = rows_of<const R>(op.residual),
          .dropout = mask_of(op.dropout),
          .rows = op.x.rows(),
          .columns = int(op.x.columns())};
}

template <class X, class Y, int kTeam, int kWidth>
cudaError_t launch_forward(const LayerNormForward& op, cudaStream_t stream) {
  const ForwardArguments<X, Y> arguments{.y = rows_of<Y>(op.y),
                                         .mean = op.mean.as<float>(),
                                         .rstd = op.rstd.as<float>(),
                                         .terms = summands_of<X, Y>(op),
                                         .weight = op.weight.as<const float>(),
                                         .bias = op.bias.as<const float>(),
                                         .epsilon = float(op.epsilon)};
  const int64_t blocks = divided_up<int64_t>(op.x.rows(), kThreads / kTeam);
  return launch(layer_norm_forward_kernel<X, Y, kTeam, kWidth>,
                {dim3(unsigned(blocks)), dim3(kThreads), 0, stream}, arguments);
}

template <class T, int kWidth, int kVectors>
cudaError_t launch_backward(const LayerNormBackward& op, const Queue& queue) {
  auto* partial = static_cast<float*>(queue.scratch);
  const int64_t parts = partial_rows(op);
  float* partial_dbias = partial + parts * op.x.columns();
  const BackwardArguments<T> arguments{.dx = rows_of<T>(op.dx),
                                       .dresidual = rows_of<T>(op.dresidual),
                                       .dweight = op.dweight ? partial : nullptr,
                                       .dbias = op.dbias ? partial_dbias : nullptr,
                                       .dy = rows_of<const T>(op.dy),
                                       .terms = summands_of<T, T>(op),
                                       .mean = op.mean.as<const float>(),
                                       .rstd = op.rstd.as<const float>(),
                                       .weight = op.weight.as<const float>(),
                                       .rows_per_block = rows_per_block(op)};
  cudaError_t error = launch(layer_norm_backward_kernel<T, kWidth, kVectors>,
                             {dim3(unsigned(parts)), dim3(kThreads), 0, queue.stream}, arguments);
  if (error == cudaSuccess) error = join(op.dweight, partial, parts, queue.stream);
  if (error == cudaSuccess) error = join(op.dbias, partial_dbias, parts, queue.stream);
  return error;
}

}  // namespace

cudaError_t run(const LayerNormForward& op, const Queue& queue) {
  if (op.x.rows() == 0) return cudaSuccess;
  return for_types(op.x.dtype, op.y.dtype, [&](auto x, auto y) {
    const auto tensors = {op.y, op.x, op.residual, op.weight, op.bias};
    return for_width(tensors, [&](auto width) {
      using X = typename decltype(x)::type;
      using Y = typename decltype(y)::type;
      if constexpr (decltype(width)::value == kVectorWidth) {
        if (op.x.columns() <= 1024) {
          return launch_forward<X, Y, kWarp, kVectorWidth>(op, queue.stream);
        }
      }
      return launch_forward<X, Y, kThreads, decltype(width)::value>(op, queue.stream);
    });
  });
}

size_t scratch_bytes(const LayerNormBackward& op) {
  return size_t(2 * partial_rows(op) * op.x.columns()) * sizeof(float);
}

cudaError_t run(const LayerNormBackward& op, const Queue& queue) {
  if (op.x.rows() == 0) return cudaSuccess;
  return for_type(op.x.dtype, [&](auto x) {
    const auto tensors = {op.dx, op.dresidual, op.dy, op.x, op.residual, op.weight};
    return for_width(tensors, [&](auto width) {
      using T = typename decltype(x)::type;
      constexpr int kWidth = decltype(width)::value;
      if constexpr (kWidth == kVectorWidth) {
        if (op.x.columns() > kThreads * kWidth) return launch_backward<T, kWidth, 4>(op, queue);
      }
      return launch_backward<T, kWidth, kVectorWidth / kWidth>(op, queue);
    });
  });
}

}  // namespace albert::cuda
