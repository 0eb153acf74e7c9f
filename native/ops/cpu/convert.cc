// Conversion between element types: rows are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const ConvertForward& op) {
  for_ranges(op.x.rows(), 0.3 * double(op.x.columns()), [&](int64_t begin, int64_t end) {
    kernels_.convert({.y = row_of(op.y, begin),
                      .y_stride = op.y.row_stride,
                      .y_element = element_of(op.y),
                      .x = row_of(op.x, begin),
                      .x_stride = op.x.row_stride,
                      .x_element = element_of(op.x),
                      .rows = end - begin,
                      .columns = op.x.columns()});
  });
}

}  // namespace albert::cpu
