// The segments that softmax and cross-entropy run over: rows of a matrix, or ranges of a vector.
#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace albert::cpu {

/// Segment i of x: row i, or [c[i], c[i + 1]) of a flat x where cu_seqlens c is given.
class Segments {
 public:
  Segments(const Tensor& x, const Tensor& cu_seqlens)
      : x_(x),
        offsets_(cu_seqlens.as<int32_t>()),
        count_(offsets_ ? cu_seqlens.size() - 1 : x.rows()) {}

  int64_t count() const { return count_; }
  int64_t length(int64_t i) const {
    return offsets_ ? offsets_[i + 1] - offsets_[i] : x_.columns();
  }
  double mean_length() const { return count_ ? double(x_.size()) / double(count_) : 0; }
  /// The beginning of segment i in a tensor of x's shape.
  float* begin(const Tensor& like_x, int64_t i) const {
    return offsets_ ? like_x.as<float>() + offsets_[i] : like_x.row<float>(i);
  }

 private:
  const Tensor& x_;
  const int32_t* offsets_;  // null = rows
  int64_t count_;
};

}  // namespace albert::cpu
