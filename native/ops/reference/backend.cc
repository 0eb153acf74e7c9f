// Memory, weights and executors of the reference.
#include "ops/reference/backend.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "core/error.h"
#include "ops/reference/executor.h"

namespace albert {

namespace {

constexpr std::align_val_t kAlignment{64};

template <class To, class From>
void convert_row(To* to, const From* from, int64_t count) {
  std::transform(from, from + count, to, [](From value) { return To(value); });
}

void copy_row(const Tensor& to, const Tensor& from, int64_t i) {
  if (to.dtype == from.dtype) {
    const size_t element = size_of(to.dtype);
    std::memcpy(to.as<char>() + size_t(i * to.row_stride) * element,
                from.as<char>() + size_t(i * from.row_stride) * element,
                size_t(to.columns()) * element);
  } else if (to.dtype == DType::kF64 && from.dtype == DType::kF32) {
    convert_row(to.row<double>(i), from.row<const float>(i), to.columns());
  } else if (to.dtype == DType::kF32 && from.dtype == DType::kF64) {
    convert_row(to.row<float>(i), from.row<const double>(i), to.columns());
  } else {
    throw Error(ErrorCode::kShape, std::string("reference: expected tensors of one dtype, or f32 "
                                               "and f64, to copy between, got ") +
                                       from.describe() + " to " + to.describe());
  }
}

}  // namespace

void copy_converting(const Tensor& to, const Tensor& from) {
  if (to.rank != from.rank || to.shape != from.shape) {
    throw Error(ErrorCode::kShape, "reference: expected equal shapes to copy between, got " +
                                       from.describe() + " to " + to.describe());
  }
  if (to.size() == 0) return;
  for (int64_t i = 0; i < to.rows(); ++i) copy_row(to, from, i);
}

void require_f64(const char* op, const char* name, const Tensor& tensor) {
  if (tensor.dtype == DType::kF64) return;
  throw Error(ErrorCode::kShape, std::string(op) + ": expected " + name +
                                     " of f64 on the reference backend, got " + tensor.describe());
}

void* ReferenceBackend::allocate(size_t bytes) {
  void* pointer = ::operator new(std::max<size_t>(bytes, 1), kAlignment, std::nothrow);
  if (pointer == nullptr) {
    throw Error(ErrorCode::kMemory,
                "reference: cannot allocate " + std::to_string(bytes) + " bytes of host memory");
  }
  return pointer;
}

void ReferenceBackend::release(void* pointer, size_t) noexcept {
  ::operator delete(pointer, kAlignment);
}

std::unique_ptr<Ops> ReferenceBackend::executor(int) {
  return std::make_unique<ReferenceOps>();
}

void ReferenceBackend::upload(const Tensor& device, const Tensor& host) {
  copy_converting(device, host);
}

void ReferenceBackend::download(const Tensor& host, const Tensor& device) {
  copy_converting(host, device);
}

}  // namespace albert
