// Conversions between the floating-point types of host tensors.
#include "ops/cuda/numbers.h"

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

void convert(const Tensor& to, const Tensor& from) {
  for (int64_t r = 0; r < from.rows(); ++r) {
    for (int64_t c = 0; c < from.columns(); ++c) put_number(to, r, c, number_at(from, r, c));
  }
}

}  // namespace albert::cuda
