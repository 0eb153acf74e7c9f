// The three losses: rows or segments are dealt out to threads.
#include <algorithm>
#include <cmath>

#include "ops/cpu/executor.h"
#include "ops/cpu/segments.h"

namespace albert::cpu {

void CpuOps::run(const CrossEntropyForward& op) {
  const Segments segments(op.logits, op.cu_seqlens);
  const int32_t* labels = op.labels.as<int32_t>();
  for_ranges(segments.count(), 2 * segments.mean_length(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* logits = segments.begin(op.logits, i);
      const SoftmaxStatistics s = kernels_.softmax_statistics(logits, segments.length(i));
      const double maximum = s.maximum, logarithm = std::log(double(s.sum));
      if (op.log_sum_exp) op.log_sum_exp.as<float>()[i] = float(maximum + logarithm);
      const int32_t label = labels[i];
      const bool ignored = label == op.ignore_index;
      op.losses.as<float>()[i] =
          ignored ? 0.0f : float(maximum - double(logits[label]) + logarithm);
    }
  });
}

void CpuOps::run(const BinaryCrossEntropyForward& op) {
  const int64_t columns = op.logits.columns();
  for_ranges(op.logits.rows(), 20 * double(columns), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float *x = op.logits.row<float>(r), *z = op.targets.row<float>(r);
      float* loss = op.losses.row<float>(r);
      for (int64_t c = 0; c < columns; ++c) {
        loss[c] = std::max(x[c], 0.0f) - x[c] * z[c] + std::log1p(std::exp(-std::fabs(x[c])));
      }
    }
  });
}

void CpuOps::run(const SquaredErrorForward& op) {
  const int64_t columns = op.predictions.columns();
  for_ranges(op.predictions.rows(), double(columns), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float *x = op.predictions.row<float>(r), *z = op.targets.row<float>(r);
      float* loss = op.losses.row<float>(r);
      for (int64_t c = 0; c < columns; ++c) loss[c] = (x[c] - z[c]) * (x[c] - z[c]);
    }
  });
}

void CpuOps::run(const CrossEntropyBackward& op) {
  const Segments segments(op.logits, op.cu_seqlens);
  const int32_t* labels = op.labels.as<int32_t>();
  for_ranges(segments.count(), 2 * segments.mean_length(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* dlogits = segments.begin(op.dlogits, i);
      if (labels[i] == op.ignore_index) {
        std::fill_n(dlogits, segments.length(i), 0.0f);
        continue;
      }
      const float* logits = segments.begin(op.logits, i);
      const float normalizer = op.log_sum_exp.as<float>()[i];
      // The label's own is a difference of what may be neighbours.
      const double exponent = double(logits[labels[i]]) - double(normalizer);
      const double of_label = op.scale * std::expm1(exponent);
      kernels_.training.scaled_exponential({.y = dlogits,
                                            .x = logits,
                                            .count = segments.length(i),
                                            .offset = normalizer,
                                            .scale = float(op.scale)});
      dlogits[labels[i]] = float(of_label);
    }
  });
}

namespace {

/// What an elementwise loss reads, and where its gradient goes.
struct Elements {
  const Tensor& dx;
  const Tensor& x;
  const Tensor& z;
};

/// dx = slope(x, z) in some rows.
template <class Slope>
void differentiate(const Elements& e, int64_t begin, int64_t end, const Slope& slope) {
  for (int64_t r = begin; r < end; ++r) {
    std::transform(e.x.row<float>(r), e.x.row<float>(r) + e.x.columns(), e.z.row<float>(r),
                   e.dx.row<float>(r), slope);
  }
}

}  // namespace

void CpuOps::run(const BinaryCrossEntropyBackward& op) {
  const auto scale = float(op.scale);
  for_ranges(op.logits.rows(), 20 * double(op.logits.columns()), [&](int64_t begin, int64_t end) {
    differentiate({op.dlogits, op.logits, op.targets}, begin, end, [scale](float x, float z) {
      const float e = std::exp(-std::fabs(x));  // of whichever side does not overflow
      return scale * ((x < 0 ? e : 1.0f) / (1.0f + e) - z);
    });
  });
}

void CpuOps::run(const SquaredErrorBackward& op) {
  const auto twice = float(2 * op.scale);
  const Elements elements = {op.dpredictions, op.predictions, op.targets};
  for_ranges(
      op.predictions.rows(), double(op.predictions.columns()), [&](int64_t begin, int64_t end) {
        differentiate(elements, begin, end, [twice](float x, float z) { return twice * (x - z); });
      });
}

}  // namespace albert::cpu
