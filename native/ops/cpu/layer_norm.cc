// Layer normalization: rows are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const LayerNormForward& op) {
  refuse_dropout(op.dropout);
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const int64_t parts = chunks_for(0.4 * double(rows * columns), rows);
  const Items items = {
      .count = parts, .threads = parts == 1 ? 1 : width_, .floats = size_t(columns)};
  for_items(items, [&](int64_t part, float* scratch) {
    const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
    kernels_.layer_norm({.y = row_of(op.y, begin),
                         .y_stride = op.y.row_stride,
                         .x = row_of(op.x, begin),
                         .x_stride = op.x.row_stride,
                         .residual = op.residual ? row_of(op.residual, begin) : nullptr,
                         .residual_stride = op.residual.row_stride,
                         .x_element = element_of(op.x),
                         .y_element = element_of(op.y),
                         .weight = op.weight.as<float>(),
                         .bias = op.bias.as<float>(),
                         .mean = op.mean ? op.mean.as<float>() + begin : nullptr,
                         .rstd = op.rstd ? op.rstd.as<float>() + begin : nullptr,
                         .scratch = scratch,
                         .rows = end - begin,
                         .columns = columns,
                         .epsilon = float(op.epsilon)});
  });
}

}  // namespace albert::cpu
