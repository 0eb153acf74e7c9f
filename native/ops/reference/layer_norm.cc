// y = (s − mean) · rstd · weight + bias, with s = dropout(x) + residual.
#include "ops/layer_norm.h"

#include <cmath>
#include <vector>

#include "ops/reference/executor.h"

namespace albert {

namespace {

/// s = dropout(x) + residual, of one row.
template <class Op>
std::vector<double> row_sum(const Op& op, int64_t row) {
  const double* x = op.x.template row<const double>(row);
  std::vector<double> s(x, x + op.x.columns());
  for (size_t c = 0; c < s.size(); ++c) {
    s[c] *= dropout_factor(op.dropout, row, 0, int64_t(c));
    if (op.residual) s[c] += op.residual.template row<const double>(row)[c];
  }
  return s;
}

}  // namespace

void ReferenceOps::run(const LayerNormForward& op) {
  require_f64("layer_norm", "x", op.x);
  const int64_t columns = op.x.columns();
  const auto* weight = op.weight.as<const double>();
  const auto* bias = op.bias.as<const double>();

  for (int64_t r = 0; r < op.x.rows(); ++r) {
    const std::vector<double> s = row_sum(op, r);
    double mean = 0;
    for (const double value : s) mean += value;
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

void ReferenceOps::run(const LayerNormBackward& op) {
  require_f64("layer_norm_backward", "x", op.x);
  const int64_t columns = op.x.columns();
  const auto* weight = op.weight.as<const double>();
  std::vector<double> g(static_cast<size_t>(columns));

  for (int64_t r = 0; r < op.x.rows(); ++r) {
    const double mean = op.mean.as<const double>()[r], rstd = op.rstd.as<const double>()[r];
    const double* dy = op.dy.row<const double>(r);
    std::vector<double> normed = row_sum(op, r);
    double sum = 0, product = 0;
    for (int64_t c = 0; c < columns; ++c) {
      normed[c] = (normed[c] - mean) * rstd;
      g[c] = dy[c] * weight[c];
      sum += g[c];
      product += g[c] * normed[c];
      if (op.dweight) op.dweight.as<double>()[c] += dy[c] * normed[c];
      if (op.dbias) op.dbias.as<double>()[c] += dy[c];
    }
    for (int64_t c = 0; c < columns; ++c) {
      const double ds = rstd * (g[c] - (sum + normed[c] * product) / double(columns));
      op.dx.row<double>(r)[c] = ds * dropout_factor(op.dropout, r, 0, c);
      if (op.dresidual) op.dresidual.row<double>(r)[c] = ds;
    }
  }
}

}  // namespace albert
