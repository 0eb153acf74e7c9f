// A worker's stream: its memory for the running op, staged copies, captured graphs.
#include "ops/cuda/worker.cuh"

#include <algorithm>
#include <utility>

namespace albert::cuda {

namespace {

constexpr size_t kStagingAlignment = 256;
constexpr size_t kSmallestStaging = size_t{1} << 20;

}  // namespace

PinnedArena::~PinnedArena() {
  release();
}

void PinnedArena::release() noexcept {
  for (const Block& block : blocks_) cudaFreeHost(block.begin);
  blocks_.clear();
}

void* PinnedArena::allocate(size_t bytes) {
  const size_t size = (bytes + kStagingAlignment - 1) / kStagingAlignment * kStagingAlignment;
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < size) add_block(size);
  Block& block = blocks_.back();
  void* const pointer = block.begin + block.used;
  block.used += size;
  return pointer;
}

void PinnedArena::add_block(size_t bytes) {
  const size_t size = std::max(bytes, kSmallestStaging);
  void* pointer = nullptr;
  check(cudaHostAlloc(&pointer, size, cudaHostAllocDefault), "allocation of pinned memory");
  blocks_.push_back({static_cast<char*>(pointer), size, 0});
}

void PinnedArena::reset() {
  if (blocks_.size() > 1) {
    size_t total = 0;
    for (const Block& block : blocks_) total += block.size;
    release();
    add_block(total);
  }
  if (!blocks_.empty()) blocks_.back().used = 0;
}

Worker::Worker(Device& device, WorkerUse use) : device_(device), plans_(use == WorkerUse::kPlan) {
  if (plans_) return;
  device.use();
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamDefault), "start of a stream");
}

Worker::~Worker() {
  if (plans_) return;
  device_.use_unchecked();
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

void* Worker::memory(Slot slot, size_t bytes) {
  if (!plans_) {
    Buffer& held = slots_[size_t(slot)];
    if (bytes > held.bytes()) ++memory_generation_;
    return held.grow(device_, bytes);
  }
  size_t& planned = planned_[size_t(slot)];
  planned = std::max(planned, bytes);
  return reinterpret_cast<void*>(uintptr_t{256});  // nobody looks there
}

size_t Worker::held_bytes() const {
  size_t bytes = 0;
  for (const Buffer& slot : slots_) bytes += slot.bytes();
  for (const size_t planned : planned_) bytes += planned;
  return bytes;
}

void Worker::enqueue_copy(const CopyRequest& request) {
  device_.enqueue_copy(request, stream_);
}

void Worker::enqueue_zero(void* pointer, size_t bytes) {
  if (!plans_ && bytes > 0) {
    check(cudaMemsetAsync(pointer, 0, bytes, stream_), "fill with zeros");
  }
}

void Worker::finish() {
  device_.use();
  check(cudaStreamSynchronize(stream_), "wait for a stream");
  staged_is_done_ = true;
}

/// What was staged before finish() may be read until something else is staged.
void* Worker::stage(size_t bytes) {
  device_.use();
  if (std::exchange(staged_is_done_, false)) staging_.reset();
  return staging_.allocate(bytes);
}

void Worker::repack(Weight& weight, const WeightPart& part) {
  const auto copy = [&](const Tensor& to, const Tensor& from) {
    run(ConvertForward{.y = to, .x = from});
  };
  copy(weight.matrix().slice_rows(part.first_output, part.matrix.rows()), part.matrix);
  const int64_t rows = part.matrix.rows();
  for (const Tensor& bias : {weight.bias_row(), weight.narrow_bias_row()}) {
    if (!bias) continue;
    const Tensor to = bias.slice_columns(part.first_output, rows);
    if (part.bias) {
      copy(to, part.bias.reshaped({1, rows}));
    } else {
      enqueue_zero(to.data, size_t(rows) * size_of(to.dtype));
    }
  }
}

/// The matrix shall stay in the part of L2 that is set aside, for the passes to come: a hint alone.
/// Nothing says that a stream takes it while it is captured; what is replayed finds in the cache
/// what the run before the capture has put there.
void Worker::keep_in_cache(const Weight& weight) {
  const size_t window = device_.l2_window();
  if (plans_ || capturing_.owns_lock() || !weight.is_layer() || window == 0) return;
  if (in_cache_ == weight.matrix().data) return;
  cudaStreamAttrValue value{};
  value.accessPolicyWindow.base_ptr = weight.matrix().data;
  value.accessPolicyWindow.num_bytes = std::min(weight.matrix_bytes(), window);
  value.accessPolicyWindow.hitRatio = 1;
  value.accessPolicyWindow.hitProp = cudaAccessPropertyPersisting;
  value.accessPolicyWindow.missProp = cudaAccessPropertyNormal;
  if (cudaStreamSetAttribute(stream_, cudaStreamAttributeAccessPolicyWindow, &value) !=
      cudaSuccess) {
    cudaGetLastError();
  }
  in_cache_ = weight.matrix().data;
}

void Worker::begin_capture() {
  std::unique_lock<std::mutex> until_the_end = device_.lock();
  check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "start of a capture");
  capturing_ = std::move(until_the_end);
}

/// Null where something was asked for meanwhile that cannot be captured.
std::unique_ptr<Graph> Worker::end_capture() {
  device_.use();
  const std::unique_lock<std::mutex> until_the_end = std::move(capturing_);
  cudaGraph_t captured = nullptr;
  cudaGraphExec_t executable = nullptr;
  cudaError_t error = cudaStreamEndCapture(stream_, &captured);
  if (error == cudaSuccess) error = cudaGraphInstantiate(&executable, captured, 0);
  if (captured) cudaGraphDestroy(captured);
  if (error == cudaSuccess) return std::make_unique<Graph>(executable);
  cudaGetLastError();  // later launches are not to see it
  return nullptr;
}

void Worker::launch(const Graph& graph) {
  check(cudaGraphLaunch(graph.executable(), stream_), "launch of a graph");
}

}  // namespace albert::cuda
