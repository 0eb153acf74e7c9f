// y = (s − mean) · rstd · weight + bias, with s = x + residual.
#include "ops/layer_norm.h"

#include <cmath>
#include <vector>

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const LayerNormForward& op) {
  require_f64("layer_norm", "x", op.x);
  const int64_t columns = op.x.columns();
  const auto* weight = op.weight.as<const double>();
  const auto* bias = op.bias.as<const double>();
  std::vector<double> s(static_cast<size_t>(columns));

  for (int64_t r = 0; r < op.x.rows(); ++r) {
    double mean = 0;
    for (int64_t c = 0; c < columns; ++c) {
      s[c] = op.x.row<const double>(r)[c];
      if (op.residual) s[c] += op.residual.row<const double>(r)[c];
      mean += s[c];
    }
    mean /= double(columns);

    double variance = 0;
    for (int64_t c = 0; c < columns; ++c) variance += (s[c] - mean) * (s[c] - mean);
    variance /= double(columns);

    const double rstd = 1 / std::sqrt(variance + op.epsilon);
    if (op.mean) op.mean.as<double>()[r] = mean;
    if (op.rstd) op.rstd.as<double>()[r] = rstd;
    double* y = op.y.row<double>(r);
    for (int64_t c = 0; c < columns; ++c) y[c] = (s[c] - mean) * rstd * weight[c] + bias[c];
  }
}

}  // namespace albert
