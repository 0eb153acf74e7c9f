// Calls of the library's worker.
#include "ops/cuda/executor.h"

#include <utility>

#include "ops/cuda/loader.h"
#include "ops/cuda/numbers.h"

namespace albert::cuda {

namespace {

/// What is staged at most before a copy waits for those before it.
constexpr size_t kMostStaged = size_t{64} << 20;

Worker* open_worker(Device* device, WorkerUse use) {
  Status status{};
  Worker* worker = library().open_worker(device, use, &status);
  check(status);
  return worker;
}

}  // namespace

CudaOps::CudaOps(DeviceHandle device, WorkerUse use)
    : device_(std::move(device)),
      plans_(use == WorkerUse::kPlan),
      worker_(open_worker(device_.get(), use)),
      recorder_(worker_) {}

CudaOps::~CudaOps() {
  recorder_.clear();
  library().close_worker(worker_);
}

void CudaOps::replay(const std::function<void()>& body) {
  if (plans_) return body();
  recorder_.run(body);
}

/// Memory for a copy of a tensor's numbers in that dtype, without gaps; until finish().
Tensor CudaOps::stage(const Tensor& like, DType dtype) {
  const size_t bytes = size_t(like.size()) * size_of(dtype);
  if (staged_bytes_ > 0 && staged_bytes_ + bytes > kMostStaged) finish();
  staged_bytes_ += bytes;
  Status status{};
  Tensor staged = like;
  staged.data = library().stage(worker_, bytes, &status);
  check(status);
  waits_ = true;
  staged.dtype = dtype;
  staged.row_stride = like.columns();
  return staged;
}

void CudaOps::enqueue_copy(const Tensor& to, const Tensor& from, bool to_device) {
  const CopyRequest request = copy_request(to, from, to_device);
  Status status{};
  library().enqueue_copy(worker_, &request, &status);
  check(status);
}

void CudaOps::enqueue_upload(const Tensor& device, const Tensor& host) {
  const Tensor staged = stage(host, device.dtype);
  convert(staged, host);
  enqueue_copy(device, staged, true);
}

void CudaOps::enqueue_download(const Tensor& host, const Tensor& device) {
  const Tensor staged = stage(device, device.dtype);
  enqueue_copy(staged, device, false);
  downloads_.push_back({host, staged});
}

void CudaOps::enqueue_zero(const Tensor& device) {
  waits_ = true;
  Status status{};
  const size_t bytes = size_t(device.size()) * size_of(device.dtype);
  library().enqueue_zero(worker_, device.data, bytes, &status);
  check(status);
}

void CudaOps::finish() {
  if (!std::exchange(waits_, false)) return;
  Status status{};
  library().finish(worker_, &status);
  staged_bytes_ = 0;
  const std::vector<Download> downloads = std::exchange(downloads_, {});
  check(status);
  for (const Download& download : downloads) convert(download.host, download.staged);
}

void CudaOps::abandon() noexcept {
  Status status{};
  library().finish(worker_, &status);  // a failure has been thrown by who abandons, or comes again
  staged_bytes_ = 0;
  downloads_.clear();
}

size_t CudaOps::scratch_bytes() const {
  return library().scratch_bytes(worker_);
}

void CudaOps::call(uint32_t number, const void* op) {
  Status status{};
  library().run(worker_, number, op, &status);
  check(status);
}

const DeviceWeight& CudaOps::own(const LinearWeight& weight) const {
  const auto* prepared = dynamic_cast<const DeviceWeight*>(&weight);
  if (prepared == nullptr || prepared->device() != device_.get()) {
    throw Error(ErrorCode::kBackend,
                "linear: the weight was prepared by another backend; prepare it with this one");
  }
  return *prepared;
}

void CudaOps::run(const LinearForward& op) {
  const DeviceWeight& weight = own(op.weight);
  recorder_.note(weight.serial());
  cross(LinearForwardCall{.y = op.y,
                          .preactivation = op.preactivation,
                          .x = op.x,
                          .weight = weight.weight(),
                          .activation = op.activation});
}

void CudaOps::run(const LinearBackward& op) {
  cross(LinearBackwardCall{.dx = op.dx,
                           .dweight = op.dweight,
                           .dbias = op.dbias,
                           .dy = op.dy,
                           .x = op.x,
                           .preactivation = op.preactivation,
                           .weight = own(op.weight).weight(),
                           .dresidual = op.dresidual,
                           .activation = op.activation,
                           .input = op.input});
}

}  // namespace albert::cuda
