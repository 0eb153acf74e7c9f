// Shape arithmetic of tensor views.
#include "core/tensor.h"

#include "core/error.h"

namespace albert {

Tensor::Tensor(void* data, DType dtype, std::initializer_list<int64_t> dimensions)
    : data(data), dtype(dtype), rank(int(dimensions.size())) {
  if (rank < 1 || rank > kMaxRank) throw Error(ErrorCode::kShape, "tensor: rank must be 1 to 4");
  int i = 0;
  for (int64_t dimension : dimensions) shape[i++] = dimension;
  row_stride = columns();
}

int64_t Tensor::rows() const {
  int64_t product = 1;
  for (int i = 0; i + 1 < rank; ++i) product *= shape[i];
  return product;
}

Tensor Tensor::slice_rows(int64_t begin, int64_t count) const {
  Tensor view(static_cast<char*>(data) + begin * row_stride * int64_t(size_of(dtype)), dtype,
              {count, columns()});
  view.row_stride = row_stride;
  return view;
}

Tensor Tensor::slice_columns(int64_t begin, int64_t count) const {
  Tensor view = *this;
  view.data = static_cast<char*>(data) + begin * int64_t(size_of(dtype));
  view.shape[rank - 1] = count;
  if (rank == 1) view.row_stride = count;
  return view;
}

Tensor Tensor::reshaped(std::initializer_list<int64_t> new_shape) const {
  Tensor view(data, dtype, new_shape);
  if (!contiguous() || view.size() != size()) {
    throw Error(ErrorCode::kShape, "tensor: cannot reshape " + describe());
  }
  return view;
}

std::string Tensor::describe() const {
  if (data == nullptr && rank == 0) return "none";
  std::string text = std::string(name_of(dtype)) + " [";
  for (int i = 0; i < rank; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace albert
