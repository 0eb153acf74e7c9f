// Conversions between the floating-point types of host tensors.
#include "ops/cuda/numbers.h"

#include <cstring>

#include "core/error.h"

namespace albert::cuda {

namespace {

[[noreturn]] void refuse(const Tensor& tensor) {
  throw Error(ErrorCode::kShape, "cuda: copy: " + tensor.describe() +
                                     " does not convert; only f32, f64, bf16 and f16 do");
}

void put_number(const Tensor& tensor, int64_t row, int64_t column, double value) {
  switch (tensor.dtype) {
    case DType::kF64:
      tensor.row<double>(row)[column] = value;
      break;
    case DType::kF32:
      tensor.row<float>(row)[column] = float(value);
      break;
    case DType::kBF16:
      tensor.row<BFloat16>(row)[column] = to_bfloat16(float(value));
      break;
    case DType::kF16:
      tensor.row<Float16>(row)[column] = to_float16(float(value));
      break;
    default:
      refuse(tensor);
  }
}

}  // namespace

double number_at(const Tensor& tensor, int64_t row, int64_t column) {
  switch (tensor.dtype) {
    case DType::kF64:
      return tensor.row<double>(row)[column];
    case DType::kF32:
      return tensor.row<float>(row)[column];
    case DType::kBF16:
      return to_float(tensor.row<BFloat16>(row)[column]);
    case DType::kF16:
      return to_float(tensor.row<Float16>(row)[column]);
    default:
      refuse(tensor);
  }
}

CopyRequest copy_request(const Tensor& to, const Tensor& from, bool to_device) {
  const size_t element = size_of(to.dtype);
  return {.to = to.data,
          .to_pitch = size_t(to.row_stride) * element,
          .from = from.data,
          .from_pitch = size_t(from.row_stride) * element,
          .width = size_t(to.columns()) * element,
          .rows = size_t(to.rows()),
          .to_device = to_device};
}

void convert(const Tensor& to, const Tensor& from) {
  if (to.dtype == from.dtype) {
    const size_t element = size_of(to.dtype);
    for (int64_t r = 0; r < from.rows(); ++r) {
      std::memcpy(to.as<char>() + size_t(r * to.row_stride) * element,
                  from.as<char>() + size_t(r * from.row_stride) * element,
                  size_t(from.columns()) * element);
    }
    return;
  }
  for (int64_t r = 0; r < from.rows(); ++r) {
    for (int64_t c = 0; c < from.columns(); ++c) put_number(to, r, c, number_at(from, r, c));
  }
}

}  // namespace albert::cuda
