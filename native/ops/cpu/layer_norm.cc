// Layer normalization: rows are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const LayerNormForward& op) {
  for_ranges(op.x.rows(), 0.4 * double(op.x.columns()), [&](int64_t begin, int64_t end) {
    kernels_.layer_norm({.y = op.y.row<float>(begin),
                         .y_stride = op.y.row_stride,
                         .x = op.x.row<float>(begin),
                         .x_stride = op.x.row_stride,
                         .residual = op.residual ? op.residual.row<float>(begin) : nullptr,
                         .residual_stride = op.residual.row_stride,
                         .weight = op.weight.as<float>(),
                         .bias = op.bias.as<float>(),
                         .mean = op.mean ? op.mean.as<float>() + begin : nullptr,
                         .rstd = op.rstd ? op.rstd.as<float>() + begin : nullptr,
                         .rows = end - begin,
                         .columns = op.x.columns(),
                         .epsilon = float(op.epsilon)});
  });
}

}  // namespace albert::cpu
