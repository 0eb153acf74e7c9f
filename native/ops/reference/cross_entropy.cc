// The losses, one value a row.
#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const CrossEntropyForward& op) {
  require_f64("cross_entropy", "logits", op.logits);
  const auto* offsets = op.cu_seqlens.as<const int32_t>();
  const auto* labels = op.labels.as<const int32_t>();
  for (int64_t r = 0; r < op.labels.size(); ++r) {
    const double* logits =
        offsets ? op.logits.as<const double>() + offsets[r] : op.logits.row<const double>(r);
    const int64_t classes = offsets ? offsets[r + 1] - offsets[r] : op.logits.columns();
    const LogSumExp normalizer = log_sum_exp(logits, classes);
    if (op.log_sum_exp) op.log_sum_exp.as<double>()[r] = normalizer.total();
    op.losses.as<double>()[r] =
        labels[r] == op.ignore_index
            ? 0.0
            : normalizer.logarithm + (normalizer.maximum - logits[labels[r]]);
  }
}

void ReferenceOps::run(const BinaryCrossEntropyForward& op) {
  require_f64("binary_cross_entropy", "logits", op.logits);
  for (int64_t r = 0; r < op.logits.rows(); ++r) {
    for (int64_t c = 0; c < op.logits.columns(); ++c) {
      const double x = op.logits.row<const double>(r)[c];
      const double z = op.targets.row<const double>(r)[c];
      op.losses.row<double>(r)[c] = std::max(x, 0.0) - x * z + std::log1p(std::exp(-std::abs(x)));
    }
  }
}

void ReferenceOps::run(const SquaredErrorForward& op) {
  require_f64("squared_error", "predictions", op.predictions);
  for (int64_t r = 0; r < op.predictions.rows(); ++r) {
    for (int64_t c = 0; c < op.predictions.columns(); ++c) {
      const double difference =
          op.predictions.row<const double>(r)[c] - op.targets.row<const double>(r)[c];
      op.losses.row<double>(r)[c] = difference * difference;
    }
  }
}

}  // namespace albert
