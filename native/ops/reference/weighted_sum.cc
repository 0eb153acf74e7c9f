// y[b] = Σ_t weights[t] · x[t] over the rows of sequence b.
#include "ops/weighted_sum.h"

#include <algorithm>

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const WeightedSumForward& op) {
  require_f64("weighted_sum", "x", op.x);
  const auto* offsets = op.cu_seqlens.as<const int32_t>();
  for (int64_t b = 0; b < op.y.rows(); ++b) {
    double* y = op.y.row<double>(b);
    std::fill_n(y, op.y.columns(), 0.0);
    for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      const double weight = op.weights.as<const double>()[t];
      for (int64_t c = 0; c < op.y.columns(); ++c) y[c] += weight * op.x.row<const double>(t)[c];
    }
  }
}

void ReferenceOps::run(const WeightedSumBackward& op) {
  require_f64("weighted_sum_backward", "x", op.x);
  const auto* offsets = op.cu_seqlens.as<const int32_t>();
  for (int64_t b = 0; b < op.dy.rows(); ++b) {
    const double* dy = op.dy.row<const double>(b);
    for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      const double weight = op.weights.as<const double>()[t];
      const double* x = op.x.row<const double>(t);
      double product = 0;
      for (int64_t c = 0; c < op.x.columns(); ++c) {
        const double past = op.dresidual ? op.dresidual.row<const double>(t)[c] : 0;
        product += x[c] * dy[c];
        op.dx.row<double>(t)[c] = weight * dy[c] + past;
      }
      op.dweights.as<double>()[t] = product;
    }
  }
}

}  // namespace albert
