// How attention is launched: which kernels take an op, and on how many blocks.
#pragma once

#include <cmath>

#include "ops/attention.h"
#include "ops/cuda/attention_plain.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

/// Blocks of 64 queries from which on they fill a device of some 100 multiprocessors, two on each;
/// below, blocks of 16 give four times as many (a calculation: not measured on a device). The
/// emulator is compiled with fewer, so that small cases take either way.
#ifndef ALBERT_ENOUGH_BLOCKS
#define ALBERT_ENOUGH_BLOCKS 216
#endif
constexpr int64_t kEnoughBlocks = ALBERT_ENOUGH_BLOCKS;
constexpr int64_t kRowsOfWideBlock = 64;

template <class Op>
int head_size_of(const Op& op) {
  return int(op.queries.columns() / op.heads);
}

/// Whether 16 bytes can be copied at once.
inline bool is_aligned(const Tensor& tensor) {
  return reinterpret_cast<uintptr_t>(tensor.data) % 16 == 0 &&
         (tensor.rows() <= 1 || tensor.row_stride % 8 == 0);
}

template <class Op>
bool takes_tensor_cores(const Op& op, std::initializer_list<Tensor> tensors) {
  const int head_size = head_size_of(op);
  if (op.queries.dtype == DType::kF32 || (head_size != 64 && head_size != 128)) return false;
  for (const Tensor& tensor : tensors) {
    if (!is_aligned(tensor)) return false;
  }
  return true;
}

template <class T, class Op>
AttentionInputs<T> inputs_of(const Op& op) {
  return {.queries = rows_of<const T>(op.queries),
          .keys = rows_of<const T>(op.keys),
          .values = rows_of<const T>(op.values),
          .query_offsets = op.query_cu_seqlens.template as<const int32_t>(),
          .key_offsets = op.cu_seqlens.template as<const int32_t>(),
          .sequences = int(op.cu_seqlens.size() - 1),
          .head_size = head_size_of(op),
          .scale = float(1 / std::sqrt(double(head_size_of(op)))),
          .dropout = mask_of(op.dropout)};
}

/// A block for each tile of rows and each head.
template <class Op>
dim3 grid_of(const Op& op, const Tensor& rows, int rows_per_block) {
  const int64_t sequences = op.cu_seqlens.size() - 1;
  return dim3(tiles_at_most(rows.rows(), sequences, rows_per_block), unsigned(op.heads));
}

template <class Op>
inline Launch plain_launch(const Op& op, const Tensor& rows, cudaStream_t stream) {
  dim3 grid = grid_of(op, rows, kPlainTile);
  grid.z = unsigned(divided_up(head_size_of(op), kPlainTile));
  return {grid, dim3(kPlainThreads), 0, stream};
}

template <class Op>
bool fills_device(const Op& op) {
  return op.queries.rows() / kRowsOfWideBlock * op.heads >= kEnoughBlocks;
}

template <class Op>
Rows<float> statistics_of(const Op& op, void* scratch) {
  return {static_cast<float*>(scratch), op.heads};
}

template <class Op>
size_t statistics_bytes(const Op& op) {
  return size_t(op.queries.rows() * op.heads) * sizeof(float);
}

}  // namespace albert::cuda
