// The losses, one value a row.
#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "ops/reference/executor.h"

namespace albert {

namespace {

/// The classes of one row: its columns, or the packed positions of a sequence.
double* classes_of(const Tensor& logits, const Tensor& cu_seqlens, int64_t row) {
  return cu_seqlens ? logits.as<double>() + cu_seqlens.as<const int32_t>()[row]
                    : logits.row<double>(row);
}

int64_t class_count(const Tensor& logits, const Tensor& cu_seqlens, int64_t row) {
  const auto* offsets = cu_seqlens.as<const int32_t>();
  return offsets ? offsets[row + 1] - offsets[row] : logits.columns();
}

}  // namespace

void ReferenceOps::run(const CrossEntropyForward& op) {
  require_f64("cross_entropy", "logits", op.logits);
  const auto* labels = op.labels.as<const int32_t>();
  for (int64_t r = 0; r < op.labels.size(); ++r) {
    const double* logits = classes_of(op.logits, op.cu_seqlens, r);
    const int64_t classes = class_count(op.logits, op.cu_seqlens, r);
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

void ReferenceOps::run(const CrossEntropyBackward& op) {
  require_f64("cross_entropy_backward", "logits", op.logits);
  for (int64_t r = 0; r < op.labels.size(); ++r) {
    const int32_t label = op.labels.as<const int32_t>()[r];
    const double log_sum_exp = op.log_sum_exp.as<const double>()[r];
    const double* logits = classes_of(op.logits, op.cu_seqlens, r);
    double* dlogits = classes_of(op.dlogits, op.cu_seqlens, r);
    for (int64_t c = 0; c < class_count(op.logits, op.cu_seqlens, r); ++c) {
      const double probability = std::exp(logits[c] - log_sum_exp);
      const double slope = probability - (c == label ? 1 : 0);
      dlogits[c] = label == op.ignore_index ? 0 : op.scale * slope;
    }
  }
}

void ReferenceOps::run(const BinaryCrossEntropyBackward& op) {
  require_f64("binary_cross_entropy_backward", "logits", op.logits);
  for (int64_t r = 0; r < op.logits.rows(); ++r) {
    for (int64_t c = 0; c < op.logits.columns(); ++c) {
      const double sigma = 1 / (1 + std::exp(-op.logits.row<const double>(r)[c]));
      const double target = op.targets.row<const double>(r)[c];
      op.dlogits.row<double>(r)[c] = op.scale * (sigma - target);
    }
  }
}

void ReferenceOps::run(const SquaredErrorBackward& op) {
  require_f64("squared_error_backward", "predictions", op.predictions);
  for (int64_t r = 0; r < op.predictions.rows(); ++r) {
    for (int64_t c = 0; c < op.predictions.columns(); ++c) {
      const double difference =
          op.predictions.row<const double>(r)[c] - op.targets.row<const double>(r)[c];
      op.dpredictions.row<double>(r)[c] = 2 * op.scale * difference;
    }
  }
}

}  // namespace albert
