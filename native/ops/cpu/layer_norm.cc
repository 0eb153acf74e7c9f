// Layer normalization: rows are dealt out to threads.
#include <algorithm>

#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const LayerNormForward& op) {
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const int64_t parts = chunks_for(0.4 * double(rows * columns), rows);
  const Items items = {.count = parts,
                       .threads = parts == 1 ? 1 : width_,
                       .floats = size_t(layer_norm_scratch(columns))};
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
                         .dropout = mask_of(op.dropout, begin),
                         .scratch = scratch,
                         .rows = end - begin,
                         .columns = columns,
                         .epsilon = float(op.epsilon)});
  });
}

namespace {

/// Rows whose share of dweight and dbias is added up on its own: the blocks do not depend on the
/// number of threads, and neither does the order of additions.
constexpr int64_t kRowsOfBlock = 32;

LayerNormBackwardTask backward_task(const LayerNormBackward& op, int64_t begin) {
  return {.dx = row_of(op.dx, begin),
          .dx_stride = op.dx.row_stride,
          .dresidual = op.dresidual ? row_of(op.dresidual, begin) : nullptr,
          .dresidual_stride = op.dresidual.row_stride,
          .dy = row_of(op.dy, begin),
          .dy_stride = op.dy.row_stride,
          .x = row_of(op.x, begin),
          .x_stride = op.x.row_stride,
          .residual = op.residual ? row_of(op.residual, begin) : nullptr,
          .residual_stride = op.residual.row_stride,
          .element = element_of(op.x),
          .mean = op.mean.as<float>() + begin,
          .rstd = op.rstd.as<float>() + begin,
          .weight = op.weight.as<float>(),
          .dweight = nullptr,
          .dbias = nullptr,
          .dropout = mask_of(op.dropout, begin),
          .scratch = nullptr,
          .rows = std::min(kRowsOfBlock, op.x.rows() - begin),
          .columns = op.x.columns()};
}

}  // namespace

void CpuOps::run(const LayerNormBackward& op) {
  const int64_t columns = op.x.columns(), blocks = (op.x.rows() + kRowsOfBlock - 1) / kRowsOfBlock;
  partial_gradients_.grow(size_t(2 * blocks * columns));
  float* const partial = partial_gradients_.data();
  const Items items = {.count = blocks,
                       .threads = chunks_for(double(op.x.size()), blocks) == 1 ? 1 : width_,
                       .floats = size_t(layer_norm_backward_scratch(columns))};
  for_items(items, [&](int64_t block, float* scratch) {
    LayerNormBackwardTask task = backward_task(op, block * kRowsOfBlock);
    task.dweight = partial + 2 * block * columns;
    task.dbias = task.dweight + columns;
    task.scratch = scratch;
    kernels_.training.layer_norm_backward(task);
  });
  const auto add = [&](const Tensor& gradient, const float* first) {
    for (int64_t block = 0; gradient && block < blocks; ++block) {
      kernels_.training.add(gradient.data, first + 2 * block * columns, Element::kF32, columns);
    }
  };
  add(op.dweight, partial);
  add(op.dbias, partial + columns);
}

}  // namespace albert::cpu
