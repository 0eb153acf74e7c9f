// The gradients of attention's queries, keys and values.
#include "ops/cuda/attention_launch.cuh"
#include "ops/cuda/attention_plain_backward.cuh"
#include "ops/cuda/attention_tensor_core_backward.cuh"

namespace albert::cuda {

namespace {

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
