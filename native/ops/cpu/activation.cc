// Elementwise activation: rows are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const ActivationForward& op) {
  for_ranges(op.x.rows(), double(op.x.columns()), [&](int64_t begin, int64_t end) {
    kernels_.activation({.y = op.y.row<float>(begin),
                         .y_stride = op.y.row_stride,
                         .x = op.x.row<float>(begin),
                         .x_stride = op.x.row_stride,
                         .rows = end - begin,
                         .columns = op.x.columns(),
                         .epilogue = epilogue_of(op.activation)});
  });
}

void CpuOps::run(const ActivationBackward& op) {
  for_ranges(op.x.rows(), 1.5 * double(op.x.columns()), [&](int64_t begin, int64_t end) {
    kernels_.training.slope({.dx = row_of(op.dx, begin),
                             .dx_stride = op.dx.row_stride,
                             .dx_element = element_of(op.dx),
                             .dy = row_of(op.dy, begin),
                             .dy_stride = op.dy.row_stride,
                             .x = row_of(op.x, begin),
                             .x_stride = op.x.row_stride,
                             .element = element_of(op.x),
                             .rows = end - begin,
                             .columns = op.x.columns(),
                             .epilogue = epilogue_of(op.activation)});
  });
}

}  // namespace albert::cpu
