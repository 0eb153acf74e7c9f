// The norm of the gradients, AdamW and LAMB, each over many tensors with one launch.
#include "ops/optimizer.h"

#include <cmath>

#include "ops/cuda/elements.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/reduce.cuh"

namespace albert::cuda {

namespace {

/// 64 elements a thread: ALBERT base has 718 chunks, several for each multiprocessor, and a chunk's
/// partial sum costs little beside reading it (a calculation: not measured on a device).
constexpr int kThreads = 256;
constexpr int64_t kChunk = 16384;
/// Tensors of one launch: their descriptions travel as arguments, of which there may be 4 KiB.
constexpr int kBatch = 56;

/// Neither this nor what holds it has gaps: where g++ 12 fills these (-ftrivial-auto-var-init), it
/// overwrites members.
struct Slot {
  float* weight;
  float* moment;
  float* variance;
  const float* gradient;
  int64_t size;
  int64_t end;  // the number of chunks up to here, in this launch
  int32_t decays;
  int32_t adapts;
};

/// Some tensors, cut into chunks.
struct Batch {
  Slot slots[kBatch];
  int64_t count;
  int64_t first_chunk;  // of this launch, among all chunks
};

/// A chunk of a tensor: its elements from `begin` to `end`.
struct Chunk {
  int slot;
  int64_t begin, end;
};

__device__ __forceinline__ Chunk chunk_of(const Batch& batch, int index) {
  int slot = 0;
  while (index >= batch.slots[slot].end) ++slot;
  const int64_t before = slot > 0 ? batch.slots[slot - 1].end : 0;
  const int64_t begin = (index - before) * kChunk, size = batch.slots[slot].size;
  return {slot, begin, size - begin < kChunk ? size : begin + kChunk};
}

struct SquareSumArguments {
  Batch batch;
  DType dtype;       // of the tensors, in `gradient`
  double* partials;  // one a chunk
};

// Arguments with a list of slots are looked up by index: __grid_constant__ keeps them where they
// are, else every thread might copy the whole list.
template <class T>
__global__ void __launch_bounds__(kThreads)
    square_sum_kernel(const __grid_constant__ SquareSumArguments a) {
  const Chunk chunk = chunk_of(a.batch, int(blockIdx.x));
  const auto* x = reinterpret_cast<const T*>(a.batch.slots[chunk.slot].gradient);
  double sum = 0;
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kThreads) {
    const float value = to_float(x[i]);
    sum += double(value * value);
  }
  sum = block_reduce<kThreads>(sum, Sum{});
  if (threadIdx.x == 0) a.partials[a.batch.first_chunk + blockIdx.x] = sum;
}

struct TotalArguments {
  double* total;
  const double* partials;
  int count;
};

__global__ void __launch_bounds__(kThreads) square_sum_total_kernel(const TotalArguments a) {
  double sum = 0;
  for (int i = int(threadIdx.x); i < a.count; i += kThreads) sum += a.partials[i];
  sum = block_reduce<kThreads>(sum, Sum{});
  if (threadIdx.x == 0) *a.total = sum;
}

struct ClipArguments {
  double* factor;
  double* norm;
  int32_t* finite;
  const double* square_sum;
  double limit;
  ClipRule rule;
};

/// clip_factor_of() of ops/optimizer.h, on the device.
__global__ void clip_factor_kernel(const ClipArguments a) {
  const double norm = sqrt(*a.square_sum);
  *a.norm = norm;
  *a.finite = norm <= 1.7976931348623157e308 ? 1 : 0;  // not where it is NaN
  if (a.limit == 0) {
    *a.factor = 1;
  } else if (a.rule == ClipRule::kExact) {
    *a.factor = a.limit / (norm < a.limit ? a.limit : norm);
  } else {
    const double factor = a.limit / (norm + 1e-6);
    *a.factor = factor < 1 ? factor : 1;
  }
}

/// AdamRates in the arithmetic of the update.
struct Rates {
  float beta1, beta2, one_minus_beta1, one_minus_beta2;
  float moment_factor, variance_factor;  // 1 / correction1, 1 / √correction2
  float epsilon, weight_decay;
};

Rates rates_of(const AdamRates& rates) {
  return {.beta1 = float(rates.beta1),
          .beta2 = float(rates.beta2),
          .one_minus_beta1 = float(1 - rates.beta1),
          .one_minus_beta2 = float(1 - rates.beta2),
          .moment_factor = float(1 / rates.correction1),
          .variance_factor = float(1 / std::sqrt(rates.correction2)),
          .epsilon = float(rates.epsilon),
          .weight_decay = float(rates.weight_decay)};
}

struct UpdateArguments {
  Batch batch;
  Rates rates;
  double learning_rate;
  const double* clip_factor;
  const int32_t* finite;
  double* partials;  // LAMB: Σ w² and Σ u² of each chunk
  double* ratios;    // LAMB: one a slot, from this launch's first on
};

__device__ __forceinline__ void update_moments(const Slot& slot, const Rates& rates, int64_t i,
                                               float factor) {
  const float g = factor * slot.gradient[i];
  slot.moment[i] = rates.beta1 * slot.moment[i] + rates.one_minus_beta1 * g;
  slot.variance[i] = rates.beta2 * slot.variance[i] + rates.one_minus_beta2 * g * g;
}

/// u of the contract, from moments that are up to date.
__device__ __forceinline__ float update_of(const Slot& slot, const Rates& rates, int64_t i) {
  const float m = slot.moment[i] * rates.moment_factor;
  const float root = sqrtf(slot.variance[i]) * rates.variance_factor;
  const float decay = slot.decays ? rates.weight_decay * slot.weight[i] : 0.0f;
  return m / (root + rates.epsilon) + decay;
}

__global__ void __launch_bounds__(kThreads)
    adamw_kernel(const __grid_constant__ UpdateArguments a) {
  if (*a.finite == 0) return;
  const Chunk chunk = chunk_of(a.batch, int(blockIdx.x));
  const Slot& slot = a.batch.slots[chunk.slot];
  const auto factor = float(*a.clip_factor), rate = float(a.learning_rate);
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kThreads) {
    update_moments(slot, a.rates, i, factor);
    slot.weight[i] -= rate * update_of(slot, a.rates, i);
  }
}

__global__ void __launch_bounds__(kThreads)
    lamb_moments_kernel(const __grid_constant__ UpdateArguments a) {
  if (*a.finite == 0) return;
  const Chunk chunk = chunk_of(a.batch, int(blockIdx.x));
  const Slot& slot = a.batch.slots[chunk.slot];
  const auto factor = float(*a.clip_factor);
  double weights = 0, updates = 0;
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kThreads) {
    update_moments(slot, a.rates, i, factor);
    const float w = slot.weight[i], u = update_of(slot, a.rates, i);
    weights += double(w) * double(w);
    updates += double(u) * double(u);
  }
  weights = block_reduce<kThreads>(weights, Sum{});
  updates = block_reduce<kThreads>(updates, Sum{});
  if (threadIdx.x > 0) return;
  double* partial = a.partials + 2 * (a.batch.first_chunk + blockIdx.x);
  partial[0] = weights;
  partial[1] = updates;
}

/// A block for each tensor adds its chunks' sums.
__global__ void __launch_bounds__(kThreads)
    lamb_ratios_kernel(const __grid_constant__ UpdateArguments a) {
  if (*a.finite == 0) return;
  const int index = int(blockIdx.x);
  const int64_t before = index > 0 ? a.batch.slots[index - 1].end : 0;
  const Slot& slot = a.batch.slots[index];
  double weights = 0, updates = 0;
  for (int64_t chunk = before + threadIdx.x; chunk < slot.end; chunk += kThreads) {
    weights += a.partials[2 * (a.batch.first_chunk + chunk)];
    updates += a.partials[2 * (a.batch.first_chunk + chunk) + 1];
  }
  weights = block_reduce<kThreads>(weights, Sum{});
  updates = block_reduce<kThreads>(updates, Sum{});
  if (threadIdx.x > 0) return;
  const bool adapts = slot.adapts && weights > 0 && updates > 0;
  a.ratios[index] = adapts ? sqrt(weights / updates) : 1.0;
}

__global__ void __launch_bounds__(kThreads)
    lamb_apply_kernel(const __grid_constant__ UpdateArguments a) {
  if (*a.finite == 0) return;
  const Chunk chunk = chunk_of(a.batch, int(blockIdx.x));
  const Slot& slot = a.batch.slots[chunk.slot];
  const auto rate = float(a.learning_rate * a.ratios[chunk.slot]);
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kThreads) {
    slot.weight[i] -= rate * update_of(slot, a.rates, i);
  }
}

int64_t chunks_of(int64_t size) {
  return divided_up(size, kChunk);
}

template <class Items, class Size>
int64_t count_chunks(const Items& items, const Size& size_of_item) {
  int64_t chunks = 0;
  for (const auto& item : items) chunks += chunks_of(size_of_item(item));
  return chunks;
}

int64_t size_of_input(const Tensor& input) {
  return input.size();
}
int64_t size_of_slot(const OptimizerSlot& slot) {
  return slot.weight.size();
}

Slot slot_of(const Tensor& input) {
  return {.weight = nullptr,
          .moment = nullptr,
          .variance = nullptr,
          .gradient = input.as<const float>(),
          .size = input.size(),
          .end = 0,
          .decays = false,
          .adapts = false};
}

Slot slot_of(const OptimizerSlot& slot) {
  return {.weight = slot.weight.as<float>(),
          .moment = slot.moment.as<float>(),
          .variance = slot.variance.as<float>(),
          .gradient = slot.gradient.as<const float>(),
          .size = slot.weight.size(),
          .end = 0,
          .decays = slot.decays,
          .adapts = slot.adapts};
}

/// Calls launch_batch(batch, index of its first item) for some items at a time; stops at an error.
template <class Items, class Function>
cudaError_t for_batches(const Items& items, const Function& launch_batch) {
  Batch batch{};
  for (size_t first = 0; first < items.size(); first += kBatch) {
    batch.first_chunk += batch.count > 0 ? batch.slots[batch.count - 1].end : 0;
    batch.count = 0;
    for (size_t i = first; i < items.size() && batch.count < kBatch; ++i) {
      Slot slot = slot_of(items[i]);
      slot.end = chunks_of(slot.size) + (batch.count > 0 ? batch.slots[batch.count - 1].end : 0);
      batch.slots[batch.count++] = slot;
    }
    const cudaError_t error = launch_batch(batch, int64_t(first));
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

/// A block for each chunk of a batch.
template <class Arguments>
cudaError_t launch_chunks(void (*kernel)(Arguments), const Arguments& arguments,
                          cudaStream_t stream) {
  const Batch& batch = arguments.batch;
  const int64_t chunks = batch.slots[batch.count - 1].end;
  if (chunks == 0) return cudaSuccess;
  return launch(kernel, {dim3(unsigned(chunks)), dim3(kThreads), 0, stream}, arguments);
}

template <class Op>
UpdateArguments arguments_of(const Op& op, const Batch& batch) {
  return {.batch = batch,
          .rates = rates_of(op.rates),
          .learning_rate = op.rates.learning_rate,
          .clip_factor = op.clip_factor.template as<const double>(),
          .finite = op.finite.template as<const int32_t>(),
          .partials = nullptr,
          .ratios = nullptr};
}

bool all_f32(std::span<const OptimizerSlot> slots) {
  for (const OptimizerSlot& slot : slots) {
    if (slot.weight.dtype != DType::kF32) return false;
  }
  return true;
}

}  // namespace

size_t scratch_bytes(const SquareSum& op) {
  return size_t(count_chunks(op.inputs, size_of_input)) * sizeof(double);
}

cudaError_t run(const SquareSum& op, const Queue& queue) {
  auto* partials = static_cast<double*>(queue.scratch);
  const DType dtype = op.inputs.empty() ? DType::kF32 : op.inputs[0].dtype;
  const cudaError_t error = for_batches(op.inputs, [&](const Batch& batch, int64_t) {
    const SquareSumArguments arguments{.batch = batch, .dtype = dtype, .partials = partials};
    return for_type(dtype, [&](auto type) {
      return launch_chunks(square_sum_kernel<typename decltype(type)::type>, arguments,
                           queue.stream);
    });
  });
  if (error != cudaSuccess) return error;
  const TotalArguments total{.total = op.sum.as<double>(),
                             .partials = partials,
                             .count = int(count_chunks(op.inputs, size_of_input))};
  return launch(square_sum_total_kernel, {dim3(1), dim3(kThreads), 0, queue.stream}, total);
}

cudaError_t run(const ClipFactor& op, const Queue& queue) {
  const ClipArguments arguments{.factor = op.factor.as<double>(),
                                .norm = op.norm.as<double>(),
                                .finite = op.finite.as<int32_t>(),
                                .square_sum = op.square_sum.as<const double>(),
                                .limit = op.limit,
                                .rule = op.rule};
  return launch(clip_factor_kernel, {dim3(1), dim3(1), 0, queue.stream}, arguments);
}

cudaError_t run(const AdamWUpdate& op, const Queue& queue) {
  if (!all_f32(op.slots)) return cudaErrorInvalidValue;
  return for_batches(op.slots, [&](const Batch& batch, int64_t) {
    return launch_chunks(adamw_kernel, arguments_of(op, batch), queue.stream);
  });
}

size_t scratch_bytes(const LambUpdate& op) {
  return size_t(2 * count_chunks(op.slots, size_of_slot)) * sizeof(double);
}

cudaError_t run(const LambUpdate& op, const Queue& queue) {
  if (!all_f32(op.slots)) return cudaErrorInvalidValue;
  return for_batches(op.slots, [&](const Batch& batch, int64_t first) {
    UpdateArguments arguments = arguments_of(op, batch);
    arguments.partials = static_cast<double*>(queue.scratch);
    arguments.ratios = op.ratios.as<double>() + first;
    cudaError_t error = launch_chunks(lamb_moments_kernel, arguments, queue.stream);
    if (error != cudaSuccess) return error;
    error = launch(lamb_ratios_kernel,
                   {dim3(unsigned(batch.count)), dim3(kThreads), 0, queue.stream}, arguments);
    if (error != cudaSuccess) return error;
    return launch_chunks(lamb_apply_kernel, arguments, queue.stream);
  });
}

}  // namespace albert::cuda
