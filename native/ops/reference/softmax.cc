// y = exp(x − m) / Σ exp(x − m), or its logarithm, over rows or packed segments.
#include "ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "ops/reference/executor.h"

namespace albert {

LogSumExp log_sum_exp(const double* x, int64_t count) {
  if (count == 0) return {0, 0};
  const double maximum = *std::max_element(x, x + count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(x[i] - maximum);
  return {maximum, std::log(sum)};
}

namespace {

void softmax_of(double* y, const double* x, int64_t count, bool logarithm) {
  const LogSumExp normalizer = log_sum_exp(x, count);
  for (int64_t i = 0; i < count; ++i) {
    const double value = x[i] - normalizer.maximum - normalizer.logarithm;
    y[i] = logarithm ? value : std::exp(value);
  }
}

}  // namespace

void ReferenceOps::run(const SoftmaxForward& op) {
  require_f64("softmax", "x", op.x);
  if (op.cu_seqlens) {
    const auto* offsets = op.cu_seqlens.as<const int32_t>();
    for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
      softmax_of(op.y.as<double>() + offsets[b], op.x.as<const double>() + offsets[b],
                 offsets[b + 1] - offsets[b], op.logarithm);
    }
  } else {
    for (int64_t r = 0; r < op.x.rows(); ++r) {
      softmax_of(op.y.row<double>(r), op.x.row<const double>(r), op.x.columns(), op.logarithm);
    }
  }
}

namespace {

/// Elements [first, first + count) of a row or of a flat tensor.
struct Segment {
  int64_t row;
  int64_t first;
  int64_t count;
};

void differentiate(const SoftmaxBackward& op, const Segment& segment) {
  const double* y = op.y.row<const double>(segment.row) + segment.first;
  const double* dy = op.dy.row<const double>(segment.row) + segment.first;
  double* dx = op.dx.row<double>(segment.row) + segment.first;
  double sum = 0;
  for (int64_t i = 0; i < segment.count; ++i) sum += op.logarithm ? dy[i] : y[i] * dy[i];
  for (int64_t i = 0; i < segment.count; ++i) {
    const double inner = op.logarithm ? dy[i] - std::exp(y[i]) * sum : y[i] * (dy[i] - sum);
    const Tensor& past = op.dresidual;
    dx[i] = inner + (past ? past.row<const double>(segment.row)[segment.first + i] : 0);
  }
}

}  // namespace

void ReferenceOps::run(const SoftmaxBackward& op) {
  require_f64("softmax_backward", "y", op.y);
  if (op.cu_seqlens) {
    const auto* offsets = op.cu_seqlens.as<const int32_t>();
    for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
      differentiate(op, {0, offsets[b], offsets[b + 1] - offsets[b]});
    }
  } else {
    for (int64_t r = 0; r < op.y.rows(); ++r) differentiate(op, {r, 0, op.y.columns()});
  }
}

}  // namespace albert
