// Calls of the library's worker.
#include "ops/cuda/executor.h"

#include <utility>

#include "ops/cuda/loader.h"

namespace albert::cuda {

CudaOps::CudaOps(DeviceHandle device) : device_(std::move(device)) {
  Status status{};
  worker_ = library().open_worker(device_.get(), &status);
  check(status);
}

CudaOps::~CudaOps() {
  library().close_worker(worker_);
}

void CudaOps::call(uint32_t number, const void* op) {
  Status status{};
  library().run(worker_, number, op, &status);
  check(status);
}

const Weight* CudaOps::own(const LinearWeight& weight) const {
  const auto* prepared = dynamic_cast<const DeviceWeight*>(&weight);
  if (prepared == nullptr || prepared->device() != device_.get()) {
    throw Error(ErrorCode::kBackend,
                "linear: the weight was prepared by another backend; prepare it with this one");
  }
  return prepared->weight();
}

void CudaOps::run(const LinearForward& op) {
  cross(LinearForwardCall{.y = op.y,
                          .preactivation = op.preactivation,
                          .x = op.x,
                          .weight = own(op.weight),
                          .activation = op.activation});
}

void CudaOps::run(const LinearBackward& op) {
  cross(LinearBackwardCall{.dx = op.dx,
                           .dweight = op.dweight,
                           .dbias = op.dbias,
                           .dy = op.dy,
                           .x = op.x,
                           .preactivation = op.preactivation,
                           .weight = own(op.weight),
                           .dresidual = op.dresidual,
                           .activation = op.activation});
}

}  // namespace albert::cuda
