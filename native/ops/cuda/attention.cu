// context = softmax(q · kᵀ / √D) · v for each sequence and head, and the probabilities.
#include "ops/cuda/attention_launch.cuh"
#include "ops/cuda/attention_tensor_core.cuh"

namespace albert::cuda {

namespace {

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

}  // namespace albert::cuda
