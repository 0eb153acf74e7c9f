// A non-owning view of numbers: pointer, element type, shape, and the pitch between rows.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "core/dtype.h"

namespace albert {

/// At most four dimensions, row-major; all dimensions but the last are contiguous runs of rows,
/// `row_stride` elements apart (a slice of columns keeps the stride of the whole).
/// `Tensor{}` means "none". A Tensor never owns: what it points to must outlive it.
struct Tensor {
  static constexpr int kMaxRank = 4;

  void* data = nullptr;
  DType dtype = DType::kF32;
  int rank = 0;
  std::array<int64_t, kMaxRank> shape = {};
  int64_t row_stride = 0;

  Tensor() = default;
  Tensor(void* data, DType dtype, std::initializer_list<int64_t> shape);

  explicit operator bool() const { return data != nullptr; }
  /// The same view of the same memory.
  bool operator==(const Tensor&) const = default;

  /// Product of all dimensions but the last (1 for a vector).
  int64_t rows() const;
  /// The last dimension.
  int64_t columns() const { return rank == 0 ? 0 : shape[rank - 1]; }
  int64_t size() const { return rank == 0 ? 0 : rows() * columns(); }
  bool contiguous() const { return row_stride == columns(); }

  /// The elements as T. The caller has checked the dtype.
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  template <class T>
  T* row(int64_t index) const {
    return static_cast<T*>(data) + index * row_stride;
  }

  /// Rows [begin, begin + count) as a matrix.
  Tensor slice_rows(int64_t begin, int64_t count) const;
  /// Columns [begin, begin + count) of every row.
  Tensor slice_columns(int64_t begin, int64_t count) const;
  /// The same contiguous numbers under another shape of the same size.
  Tensor reshaped(std::initializer_list<int64_t> new_shape) const;

  /// "f32 [128, 768]".
  std::string describe() const;
};

/// A view of caller-owned elements.
template <class T>
Tensor tensor_of(T* data, std::initializer_list<int64_t> shape) {
  return Tensor(const_cast<std::remove_const_t<T>*>(data), DTypeOf<std::remove_const_t<T>>::value,
                shape);
}

}  // namespace albert
