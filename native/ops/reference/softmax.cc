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

}  // namespace albert
