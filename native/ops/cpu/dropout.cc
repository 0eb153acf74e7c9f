// Dropout, forward and backward: rows are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

DropoutMask mask_of(const Dropout& dropout, int64_t first_row) {
  const uint32_t threshold = dropout_threshold(dropout);
  if (threshold == 0) return {};
  return {.threshold = threshold,
          .scale = float(dropout_scale(dropout)),
          .key = {dropout.key[0], dropout.key[1]},
          .sequences = dropout.rows.sequences.as<const int32_t>() + first_row,
          .positions = dropout.rows.positions.as<const int32_t>() + first_row};
}

void CpuOps::run(const DropoutForward& op) {
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const DropoutMask mask = mask_of(op.dropout, 0);
  if (mask.threshold == 0) return run(ConvertForward{.y = op.y, .x = op.x});
  const int64_t parts = chunks_for(double(rows * columns), rows);
  const Items items = {
      .count = parts, .threads = parts == 1 ? 1 : width_, .floats = size_t(mask_floats(columns))};
  for_items(items, [&](int64_t part, float* scratch) {
    const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
    kernels_.training.dropout({.y = row_of(op.y, begin),
                               .y_stride = op.y.row_stride,
                               .x = row_of(op.x, begin),
                               .x_stride = op.x.row_stride,
                               .element = element_of(op.x),
                               .rows = end - begin,
                               .columns = columns,
                               .mask = mask_of(op.dropout, begin),
                               .scratch = scratch});
  });
}

}  // namespace albert::cpu
