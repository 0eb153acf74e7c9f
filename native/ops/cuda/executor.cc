// Calls of the library's worker, and the weights that they name.
#include "ops/cuda/executor.h"

#include <utility>
#include <vector>

#include "ops/cuda/loader.h"

namespace albert::cuda {

namespace {

template <class T>
void take_rows(const Tensor& target, const std::vector<float>& all, int64_t first_row) {
  const int64_t columns = target.columns();
  const int64_t rows = target.rank == 1 ? 1 : target.rows();
  for (int64_t r = 0; r < rows; ++r) {
    const float* source = all.data() + (target.rank == 1 ? first_row : (first_row + r) * columns);
    for (int64_t c = 0; c < columns; ++c) target.row<T>(r)[c] = T(source[c]);
  }
}

void take(const Tensor& target, const std::vector<float>& all, int64_t first_row) {
  if (target.dtype == DType::kF32) return take_rows<float>(target, all, first_row);
  if (target.dtype == DType::kF64) return take_rows<double>(target, all, first_row);
  throw Error(ErrorCode::kShape,
              "unpack: expected f32 or f64 tensors, got " + target.describe());
}

}  // namespace

DeviceWeight::DeviceWeight(DeviceHandle device, const WeightRequest& request)
    : LinearWeight(request.inputs, request.outputs), device_(std::move(device)) {
  Status status{};
  weight_ = library().prepare(device_.get(), &request, &status);
  check(status);
}

DeviceWeight::~DeviceWeight() {
  library().release_weight(weight_);
}

size_t DeviceWeight::bytes() const {
  return library().weight_bytes(weight_);
}

void DeviceWeight::unpack(const LinearParams& params, int64_t first_output) const {
  const int64_t rows = params.weight.rows();
  if (params.weight.columns() != inputs() || first_output < 0 || first_output + rows > outputs()) {
    throw Error(ErrorCode::kShape, "unpack: expected rows of " + std::to_string(inputs()) +
                                       " inputs within " + std::to_string(outputs()) +
                                       " outputs, got " + params.weight.describe() + " from " +
                                       std::to_string(first_output));
  }
  std::vector<float> matrix(size_t(inputs() * outputs())), bias(static_cast<size_t>(outputs()));
  Status status{};
  library().unpack(weight_, matrix.data(), bias.data(), &status);
  check(status);
  take(params.weight, matrix, first_output);
  if (params.bias) take(params.bias, bias, first_output);
}

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
