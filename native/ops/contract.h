// The checks and counts that the op contracts share.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "core/error.h"
#include "core/tensor.h"
#include "ops/activation.h"
#include "ops/dropout.h"

namespace albert {

/// One dimension of an expected shape: a size that must match, or a letter where any size will do.
struct Dimension {
  Dimension(int64_t size) : size(size) {}            // NOLINT: implicit, so that shapes read as
  Dimension(const char* letter) : letter(letter) {}  // NOLINT: {"T", hidden}
  const char* letter = nullptr;
  int64_t size = 0;
};

using Shape = std::initializer_list<Dimension>;

/// Statistics, losses and small parameters are f32 beside activations of up to 32 bits, f64 beside
/// f64.
DType master_dtype_of(DType activation);

/// Checks the tensors of one op; a failed check throws Error{kShape} that names the op, what it
/// expected and what it got. Matrices may be slices of columns; vectors are contiguous. A tensor
/// without rows needs no memory. Passing costs no allocation.
class Contract {
 public:
  explicit Contract(const char* op) : op_(op) {}

  /// Any floating-point tensor: the one that the others' dtypes follow from.
  void expect_float(const char* name, const Tensor& tensor, Shape shape) const;
  /// The same where activations are never narrow: f32 or f64.
  void expect_master(const char* name, const Tensor& tensor, Shape shape) const;
  /// A floating-point tensor that goes with one of `dtype`: f64 with f64, else up to 32 bits.
  void expect_beside(const char* name, const Tensor& tensor, DType dtype, Shape shape) const;
  void expect(const char* name, const Tensor& tensor, DType dtype, Shape shape) const;
  /// As expect(), where "none" is allowed.
  void expect_optional(const char* name, const Tensor& tensor, DType dtype, Shape shape) const;
  /// (B + 1) i32, at least one element. Contents are not read: they may lie on a device.
  void expect_offsets(const char* name, const Tensor& tensor) const;
  /// A probability in [0, 1) and, where it is not 0, the origins of so many rows.
  void expect_dropout(const Dropout& dropout, int64_t rows) const;

  [[noreturn]] void fail(const std::string& expected, const std::string& got) const;

 private:
  void expect_shape(const char* name, const Tensor& tensor, Shape shape) const;

  const char* op_;
};

/// What flops() counts: each addition, multiplication, division, comparison, exponential, logarithm
/// and root of the formula is one.
double flops_per_element(Activation activation);
/// The same for the product of a gradient with the function's derivative.
double derivative_flops_per_element(Activation activation);

/// Bytes of the elements of a tensor, gaps between rows not counted; 0 for "none".
double bytes_of(const Tensor& tensor);
double bytes_of(std::initializer_list<Tensor> tensors);

}  // namespace albert
