// Matrices go to the device in f32 and come back so.
#include "ops/cuda/device_weight.h"

#include <atomic>
#include <string>
#include <utility>

#include "ops/cuda/executor.h"
#include "ops/cuda/loader.h"
#include "ops/cuda/numbers.h"

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

uint64_t next_serial() {
  static std::atomic<uint64_t> next{1};
  return next++;
}

}  // namespace

StackedParts::StackedParts(std::span<const LinearParams> parts) {
  if (parts.empty()) throw Error(ErrorCode::kShape, "prepare: expected at least one part, got 0");
  inputs_ = parts.front().weight.columns();
  for (const LinearParams& part : parts) append(part);
}

void StackedParts::append(const LinearParams& part) {
  const Tensor& weight = part.weight;
  if (weight.rank != 2 || weight.columns() != inputs_) {
    throw Error(ErrorCode::kShape, "prepare: expected weight (outputs, " +
                                       std::to_string(inputs_) + "), got " + weight.describe());
  }
  if (part.bias && (part.bias.rank != 1 || part.bias.size() != weight.rows())) {
    throw Error(ErrorCode::kShape, "prepare: expected bias (" + std::to_string(weight.rows()) +
                                       "), got " + part.bias.describe());
  }
  for (int64_t r = 0; r < weight.rows(); ++r) {
    for (int64_t c = 0; c < inputs_; ++c) matrix_.push_back(float(number_at(weight, r, c)));
    bias_.push_back(part.bias ? float(number_at(part.bias, 0, r)) : 0.0f);
  }
}

WeightRequest StackedParts::request(MatrixUse use) const {
  return {.matrix = matrix_.data(),
          .bias = bias_.data(),
          .inputs = inputs_,
          .outputs = int64_t(bias_.size()),
          .is_layer = use == MatrixUse::kLayer};
}

DeviceWeight::DeviceWeight(DeviceHandle device, const WeightRequest& request)
    : LinearWeight(request.inputs, request.outputs),
      device_(std::move(device)),
      is_layer_(request.is_layer),
      serial_(next_serial()) {
  Status status{};
  weight_ = library().prepare(device_.get(), &request, &status);
  check(status);
}

DeviceWeight::~DeviceWeight() {
  library().release_weight(weight_);
}

void DeviceWeight::repack(std::span<const LinearParams> parts) {
  const StackedParts stacked(parts);
  const WeightRequest request = stacked.request(is_layer_ ? MatrixUse::kLayer : MatrixUse::kHead);
  if (request.inputs != inputs() || request.outputs != outputs()) {
    throw Error(ErrorCode::kShape, "repack: expected (" + std::to_string(outputs()) + ", " +
                                       std::to_string(inputs()) + ") together, got (" +
                                       std::to_string(request.outputs) + ", " +
                                       std::to_string(request.inputs) + ")");
  }
  Status status{};
  library().repack(weight_, &request, &status);
  check(status);
}

void DeviceWeight::repack_within(Ops& ops, std::span<const LinearParams> parts) {
  int64_t first = 0;
  for (const LinearParams& part : parts) {
    const WeightPart own{.matrix = part.weight, .bias = part.bias, .first_output = first};
    first += part.weight.rows();
    Status status{};
    library().repack_within(static_cast<CudaOps&>(ops).worker(), weight_, &own, &status);
    check(status);
  }
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

}  // namespace albert::cuda
