// y[t] = word[tokens[t]] + segment[segments[t]] + position[positions[t]]; and its backward.
#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

template <class W>
struct Lookup {
  Rows<float> y;
  const int32_t* tokens;
  const int32_t* segments;
  const int32_t* positions;
  Rows<const W> word;
  Rows<const float> segment;
  Rows<const float> position;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float sum[kWidth], values[kWidth];
    load(sum, word[tokens[row]] + column);
    load(values, segment[segments[row]] + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum[i] += values[i];
    load(values, position[positions[row]] + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum[i] += values[i];
    store(y[row] + column, sum);
  }
};

constexpr int kTables = 3;  // word, segment, position: the y of grids
constexpr int kRankThreads = 256;
constexpr int kColumnThreads = 128;
constexpr int kTile = 32;  // tokens that one block adds up

struct Table {
  Rows<float> gradient;
  const int32_t* rows;  // (T): the table's row of each token
  int32_t skipped;      // this row gets nothing; -1 = there is no such row
};

/// The tokens of each table are sorted by row and cut into tiles. A run, the tokens of one row, is
/// added up by its tile, or, where it goes on into further tiles, from theirs afterwards: a row has
/// one writer, and its sum one order.
template <class T>
struct BackwardArguments {
  Table tables[kTables];
  Rows<const T> dy;
  int32_t* order;   // (kTables, T): token numbers by row, those of a row in their order
  int32_t* rows;    // (kTables, T): the rows of these
  float* partials;  // (kTables, tiles, 2, E): sums of a tile's first and last run
  int tokens;
  int columns;

  __device__ __forceinline__ const int32_t* sorted_rows(int table) const {
    return rows + int64_t(table) * tokens;
  }
  __device__ __forceinline__ float* partial(int table, int tile, int last) const {
    const int64_t tiles = (tokens + kTile - 1) / kTile;
    return partials + ((table * tiles + tile) * 2 + last) * columns;
  }
  /// Whether the token at a place of the order has the same row as the one before it.
  __device__ __forceinline__ bool goes_on(int table, int place) const {
    const int32_t* sorted = sorted_rows(table);
    return place > 0 && place < tokens && sorted[place] == sorted[place - 1];
  }
  /// The place after the last one with the row of `place`.
  __device__ __forceinline__ int end_of_run(int table, int place) const {
    const int32_t* sorted = sorted_rows(table);
    int low = place + 1, high = tokens;
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (sorted[middle] == sorted[place]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  __device__ __forceinline__ void add(int table, int place, int column, float sum) const {
    const int32_t row = sorted_rows(table)[place];
    if (row != tables[table].skipped) tables[table].gradient[row][column] += sum;
  }
};

/// A token's place in the order is the number of tokens with a smaller row, or the same one and
/// before it: T² comparisons, which for 4096 tokens is some 20 µs of a large device, far less than
/// the rest of a step takes (a calculation: not measured on a device).
template <class T>
__global__ void __launch_bounds__(kRankThreads)
    embedding_rank_kernel(const BackwardArguments<T> a) {
  __shared__ int32_t others[kRankThreads];
  const int table = int(blockIdx.y), token = int(blockIdx.x) * kRankThreads + int(threadIdx.x);
  const int32_t* rows = a.tables[table].rows;
  const int32_t row = token < a.tokens ? rows[token] : 0;
  int place = 0;
  for (int first = 0; first < a.tokens; first += kRankThreads) {
    const int mine = first + int(threadIdx.x);
    __syncthreads();  // the others have been read
    if (mine < a.tokens) others[threadIdx.x] = rows[mine];
    __syncthreads();
    const int count = a.tokens - first < kRankThreads ? a.tokens - first : kRankThreads;
#pragma unroll 8
    for (int i = 0; i < count; ++i) {
      place += others[i] < row || (others[i] == row && first + i < token);
    }
  }
  if (token >= a.tokens) return;
  a.order[int64_t(table) * a.tokens + place] = token;
  a.rows[int64_t(table) * a.tokens + place] = row;
}

/// A block adds up the runs of a tile, a thread for each column.
template <class T>
__global__ void __launch_bounds__(kColumnThreads)
    embedding_tile_kernel(const BackwardArguments<T> a) {
  const int table = int(blockIdx.y), tile = int(blockIdx.x), begin = tile * kTile;
  const int end = a.tokens - begin < kTile ? a.tokens : begin + kTile;
  const int32_t* order = a.order + int64_t(table) * a.tokens;
  const bool came = a.goes_on(table, begin), goes = a.goes_on(table, end);
  for (int c = int(threadIdx.x); c < a.columns; c += kColumnThreads) {
    float sum = 0;
    bool is_first = true;
#pragma unroll 2
    for (int place = begin; place < end; ++place) {
      sum += to_float(a.dy[order[place]][c]);
      if (place + 1 < end && a.goes_on(table, place + 1)) continue;
      if (is_first && came) {
        a.partial(table, tile, 0)[c] = sum;
      } else if (place + 1 == end && goes) {
        a.partial(table, tile, 1)[c] = sum;
      } else {
        a.add(table, place, c, sum);
      }
      sum = 0;
      is_first = false;
    }
  }
}

/// Where a run begins in a tile and goes on after it, adds the tiles' sums in order.
template <class T>
__global__ void __launch_bounds__(kColumnThreads)
    embedding_join_kernel(const BackwardArguments<T> a) {
  const int table = int(blockIdx.y), tile = int(blockIdx.x), begin = tile * kTile;
  const int last = begin + kTile - 1;
  if (!a.goes_on(table, last + 1)) return;
  const int32_t* sorted = a.sorted_rows(table);
  if (begin > 0 && sorted[begin - 1] == sorted[last]) return;  // it began before
  const int last_tile = (a.end_of_run(table, last) - 1) / kTile;
  for (int c = int(threadIdx.x); c < a.columns; c += kColumnThreads) {
    float sum = a.partial(table, tile, 1)[c];
#pragma unroll 16
    for (int next = tile + 1; next <= last_tile; ++next) sum += a.partial(table, next, 0)[c];
    a.add(table, last, c, sum);
  }
}

template <class T>
BackwardArguments<T> arguments_of(const EmbeddingBackward& op, const Queue& queue) {
  const auto tokens = int(op.dy.rows());
  auto* order = static_cast<int32_t*>(queue.scratch);
  return {.tables = {{rows_of<float>(op.dword), op.tokens.as<const int32_t>(), op.padding_token},
                     {rows_of<float>(op.dsegment), op.segments.as<const int32_t>(), -1},
                     {rows_of<float>(op.dposition), op.positions.as<const int32_t>(), -1}},
          .dy = rows_of<const T>(op.dy),
          .order = order,
          .rows = order + int64_t(kTables) * tokens,
          .partials = reinterpret_cast<float*>(order + int64_t(2 * kTables) * tokens),
          .tokens = tokens,
          .columns = int(op.dy.columns())};
}

}  // namespace

cudaError_t run(const EmbeddingForward& op, const Queue& queue) {
  if (op.y.dtype != DType::kF32) return cudaErrorInvalidValue;
  return for_type(op.word.dtype, [&](auto type) {
    using W = typename decltype(type)::type;
    const Lookup<W> body{.y = rows_of<float>(op.y),
                         .tokens = op.tokens.as<const int32_t>(),
                         .segments = op.segments.as<const int32_t>(),
                         .positions = op.positions.as<const int32_t>(),
                         .word = rows_of<const W>(op.word),
                         .segment = rows_of<const float>(op.segment),
                         .position = rows_of<const float>(op.position)};
    return for_each_element(body, {op.y, op.word, op.segment, op.position}, queue.stream);
  });
}

size_t scratch_bytes(const EmbeddingBackward& op) {
  const int64_t tokens = op.dy.rows(), tiles = divided_up<int64_t>(tokens, kTile);
  return size_t(2 * kTables * tokens) * sizeof(int32_t) +
         size_t(kTables * tiles * 2 * op.dy.columns()) * sizeof(float);
}

cudaError_t run(const EmbeddingBackward& op, const Queue& queue) {
  if (op.dy.size() == 0) return cudaSuccess;
  return for_type(op.dy.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const BackwardArguments<T> arguments = arguments_of<T>(op, queue);
    const dim3 ranks(unsigned(divided_up(arguments.tokens, kRankThreads)), kTables);
    const dim3 tiles(unsigned(divided_up(arguments.tokens, kTile)), kTables);
    cudaError_t error = launch(embedding_rank_kernel<T>,
                               {ranks, dim3(kRankThreads), 0, queue.stream}, arguments);
    if (error != cudaSuccess) return error;
    const Launch how{tiles, dim3(kColumnThreads), 0, queue.stream};
    error = launch(embedding_tile_kernel<T>, how, arguments);
    return error == cudaSuccess ? launch(embedding_join_kernel<T>, how, arguments) : error;
  });
}

}  // namespace albert::cuda
