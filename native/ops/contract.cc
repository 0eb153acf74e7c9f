// The checks and counts that the op contracts share.
#include "ops/contract.h"

#include <algorithm>
#include <string>

namespace albert {

namespace {

bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kBF16 ||
         dtype == DType::kF16;
}

bool matches(const Tensor& tensor, Shape shape) {
  if (tensor.rank != int(shape.size())) return false;
  return std::equal(shape.begin(), shape.end(), tensor.shape.begin(),
                    [](const Dimension& wanted, int64_t size) {
                      return wanted.letter ? size >= 0 : size == wanted.size;
                    });
}

std::string describe(Shape shape) {
  std::string text;
  for (const Dimension& dimension : shape) {
    text += text.empty() ? "(" : ", ";
    text += dimension.letter ? dimension.letter : std::to_string(dimension.size);
  }
  return text + ")";
}

}  // namespace

DType master_dtype_of(DType activation) {
  return activation == DType::kF64 ? DType::kF64 : DType::kF32;
}

void Contract::fail(const std::string& expected, const std::string& got) const {
  throw Error(ErrorCode::kShape, std::string(op_) + ": expected " + expected + ", got " + got);
}

void Contract::expect_shape(const char* name, const Tensor& tensor, Shape shape) const {
  if (!matches(tensor, shape)) {
    fail(std::string(name) + " " + describe(shape), tensor.describe());
  }
  if (tensor.size() > 0 && tensor.data == nullptr) {
    fail(std::string(name) + " " + describe(shape), tensor.describe() + " without memory");
  }
  if (tensor.rank > 1 && tensor.rows() > 1 && tensor.row_stride < tensor.columns()) {
    fail(std::string(name) + " with rows at least " + std::to_string(tensor.columns()) +
             " elements apart",
         std::to_string(tensor.row_stride));
  }
}

void Contract::expect_float(const char* name, const Tensor& tensor, Shape shape) const {
  expect_shape(name, tensor, shape);
  if (!is_float(tensor.dtype)) {
    fail(std::string(name) + " of f32, bf16, f16 or f64", tensor.describe());
  }
}

void Contract::expect_master(const char* name, const Tensor& tensor, Shape shape) const {
  expect_shape(name, tensor, shape);
  if (tensor.dtype != master_dtype_of(tensor.dtype)) {
    fail(std::string(name) + " of f32 or f64", tensor.describe());
  }
}

void Contract::expect_beside(const char* name, const Tensor& tensor, DType dtype,
                             Shape shape) const {
  expect_float(name, tensor, shape);
  if (master_dtype_of(tensor.dtype) != master_dtype_of(dtype)) {
    fail(std::string(name) + " that goes with " + name_of(dtype), tensor.describe());
  }
}

void Contract::expect(const char* name, const Tensor& tensor, DType dtype, Shape shape) const {
  expect_shape(name, tensor, shape);
  if (tensor.dtype != dtype) {
    fail(std::string(name) + " of " + name_of(dtype), tensor.describe());
  }
}

void Contract::expect_optional(const char* name, const Tensor& tensor, DType dtype,
                               Shape shape) const {
  if (tensor || tensor.rank != 0) expect(name, tensor, dtype, shape);
}

void Contract::expect_offsets(const char* name, const Tensor& tensor) const {
  expect(name, tensor, DType::kI32, {"B + 1"});
  if (tensor.size() < 1) fail(std::string(name) + " with at least one offset", tensor.describe());
}

void Contract::expect_dropout(const Dropout& dropout, int64_t rows) const {
  if (!(dropout.probability >= 0 && dropout.probability < 1)) {
    fail("a dropout probability in [0, 1)", std::to_string(dropout.probability));
  }
  if (dropout.probability == 0) return;
  expect("dropout.rows.sequences", dropout.rows.sequences, DType::kI32, {rows});
  expect("dropout.rows.positions", dropout.rows.positions, DType::kI32, {rows});
}

double flops_per_element(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return 0;
    case Activation::kGeluTanh:
      return 9;
    case Activation::kGeluErf:
      return 5;
    case Activation::kRelu:
    case Activation::kTanh:
      return 1;
  }
  return 0;
}

double derivative_flops_per_element(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return 0;
    case Activation::kGeluTanh:
      return 18;
    case Activation::kGeluErf:
      return 11;
    case Activation::kRelu:
      return 2;
    case Activation::kTanh:
      return 4;
  }
  return 0;
}

double bytes_of(const Tensor& tensor) {
  return tensor ? double(tensor.size()) * double(size_of(tensor.dtype)) : 0.0;
}

double bytes_of(std::initializer_list<Tensor> tensors) {
  double total = 0;
  for (const Tensor& tensor : tensors) total += bytes_of(tensor);
  return total;
}

}  // namespace albert
