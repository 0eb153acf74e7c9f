// context = softmax(q · kᵀ / √D) · v for each sequence and head; its probabilities; its backward.
#include "ops/attention.h"

#include <cmath>

#include "ops/cuda/attention_plain.cuh"
#include "ops/cuda/attention_tensor_core_backward.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

/// Blocks of 64 queries from which on they fill a device of some 100 multiprocessors, two on each;
/// below, blocks of 16 give four times as many (a calculation: not measured on a device).
constexpr int64_t kEnoughBlocks = 216;

template <class Op>
int head_size_of(const Op& op) {
  return int(op.queries.columns() / op.heads);
}

/// Whether 16 bytes can be copied at once.
bool is_aligned(const Tensor& tensor) {
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
Launch plain_launch(const Op& op, const Tensor& rows, cudaStream_t stream) {
  dim3 grid = grid_of(op, rows, kPlainTile);
  grid.z = unsigned(divided_up(head_size_of(op), kPlainTile));
  return {grid, dim3(kPlainThreads), 0, stream};
}

template <class Op>
bool fills_device(const Op& op) {
  return op.queries.rows() / kOtherRows * op.heads >= kEnoughBlocks;
}

template <class Op>
Rows<float> statistics_of(const Op& op, void* scratch) {
  return {static_cast<float*>(scratch), op.heads};
}

template <class Op>
size_t statistics_bytes(const Op& op) {
  return size_t(op.queries.rows() * op.heads) * sizeof(float);
}

template <class T, int kHead, int kWarps>
cudaError_t launch_forward(const AttentionForward& op, const AttentionForwardArguments<T>& a,
                           cudaStream_t stream) {
  const Launch how{grid_of(op, op.queries, kWarps * 16), dim3(kWarps * 32),
                   sizeof(ForwardShared<T, kHead, kWarps>), stream};
  return launch(attention_forward_kernel<T, kHead, kWarps>, how, a);
}

template <class T>
cudaError_t launch_forward(const AttentionForward& op, const AttentionForwardArguments<T>& a,
                           cudaStream_t stream) {
  if constexpr (sizeof(T) == 2) {
    if (takes_tensor_cores(op, {op.context, op.queries, op.keys, op.values})) {
      const bool many = fills_device(op);
      if (a.in.head_size == 64) {
        return many ? launch_forward<T, 64, 4>(op, a, stream)
                    : launch_forward<T, 64, 1>(op, a, stream);
      }
      return many ? launch_forward<T, 128, 4>(op, a, stream)
                  : launch_forward<T, 128, 1>(op, a, stream);
    }
  }
  return launch(attention_forward_plain_kernel<T>, plain_launch(op, op.queries, stream), a);
}

template <class T>
cudaError_t run_forward(const AttentionForward& op, const Queue& queue) {
  Rows<float> log_sum_exp = rows_of<float>(op.log_sum_exp);
  const bool wanted = op.probabilities.size() > 0;
  if (wanted && !op.log_sum_exp) log_sum_exp = statistics_of(op, queue.scratch);
  const AttentionInputs<T> inputs = inputs_of<T>(op);
  const AttentionForwardArguments<T> arguments{
      .context = rows_of<T>(op.context), .log_sum_exp = log_sum_exp, .in = inputs};
  const cudaError_t error = launch_forward(op, arguments, queue.stream);
  if (error != cudaSuccess || !wanted) return error;

  Launch how = plain_launch(op, op.queries, queue.stream);
  how.grid.z = 1;
  const ProbabilitiesArguments<T> seen{
      .out = {op.probabilities.as<float>(), {log_sum_exp.data, log_sum_exp.stride}},
      .in = inputs};
  return launch(attention_probabilities_kernel<T>, how, seen);
}

template <class T, int kHead, int kWarps>
cudaError_t launch_queries(const AttentionBackward& op, const AttentionBackwardArguments<T>& a,
                           cudaStream_t stream) {
  const Launch how{grid_of(op, op.queries, kWarps * 16), dim3(kWarps * 32),
                   sizeof(QueriesShared<T, kHead, kWarps>), stream};
  return launch(attention_backward_queries_kernel<T, kHead, kWarps>, how, a);
}

template <class T, int kHead>
cudaError_t launch_backward(const AttentionBackward& op, const AttentionBackwardArguments<T>& a,
                            cudaStream_t stream) {
  // Of wide heads, as many rows as fit 99 KiB of shared memory.
  constexpr int kWarps = kHead > 64 ? 2 : 4;
  cudaError_t error = cudaSuccess;
  if (op.queries.rows() > 0) {
    error = fills_device(op) ? launch_queries<T, kHead, kWarps>(op, a, stream)
                             : launch_queries<T, kHead, 1>(op, a, stream);
  }
  if (error != cudaSuccess) return error;
  const Launch how{grid_of(op, op.keys, kKeyRows), dim3(kKeyWarps * 32),
                   sizeof(KeysShared<T, kHead>), stream};
  return launch(attention_backward_keys_kernel<T, kHead>, how, a);
}

template <class T>
cudaError_t run_backward(const AttentionBackward& op, const Queue& queue) {
  const AttentionBackwardArguments<T> arguments{
      .dqueries = rows_of<T>(op.dqueries),
      .dkeys = rows_of<T>(op.dkeys),
      .dvalues = rows_of<T>(op.dvalues),
      .dcontext = rows_of<const T>(op.dcontext),
      .context = rows_of<const T>(op.context),
      .log_sum_exp = rows_of<const float>(op.log_sum_exp),
      .delta = statistics_of(op, queue.scratch),
      .in = inputs_of<T>(op)};
  if constexpr (sizeof(T) == 2) {
    if (takes_tensor_cores(op, {op.dqueries, op.dkeys, op.dvalues, op.dcontext, op.context,
                                op.queries, op.keys, op.values})) {
      return arguments.in.head_size == 64 ? launch_backward<T, 64>(op, arguments, queue.stream)
                                          : launch_backward<T, 128>(op, arguments, queue.stream);
    }
  }
  if (op.queries.rows() > 0) {
    const cudaError_t error = launch(attention_backward_queries_plain_kernel<T>,
                                     plain_launch(op, op.queries, queue.stream), arguments);
    if (error != cudaSuccess) return error;
  }
  return launch(attention_backward_keys_plain_kernel<T>,
                plain_launch(op, op.keys, queue.stream), arguments);
}

}  // namespace

size_t scratch_bytes(const AttentionForward& op) {
  return op.probabilities.size() > 0 && !op.log_sum_exp ? statistics_bytes(op) : 0;
}

cudaError_t run(const AttentionForward& op, const Queue& queue) {
  if (op.queries.size() == 0) return cudaSuccess;
  return for_type(op.queries.dtype, [&](auto type) {
    return run_forward<typename decltype(type)::type>(op, queue);
  });
}

size_t scratch_bytes(const AttentionBackward& op) {
  return statistics_bytes(op);
}

cudaError_t run(const AttentionBackward& op, const Queue& queue) {
  if (op.keys.size() == 0) return cudaSuccess;
  return for_type(op.queries.dtype, [&](auto type) {
    return run_backward<typename decltype(type)::type>(op, queue);
  });
}

}  // namespace albert::cuda
