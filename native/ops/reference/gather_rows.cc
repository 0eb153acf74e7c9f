// y[i] = x[rows[i]].
#include "ops/gather_rows.h"

#include <algorithm>

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const GatherRowsForward& op) {
  require_f64("gather_rows", "x", op.x);
  for (int64_t i = 0; i < op.y.rows(); ++i) {
    const double* source = op.x.row<const double>(op.rows.as<const int32_t>()[i]);
    std::copy_n(source, op.y.columns(), op.y.row<double>(i));
  }
}

void ReferenceOps::run(const GatherRowsBackward& op) {
  require_f64("gather_rows_backward", "dx", op.dx);
  const int64_t columns = op.dx.columns();
  for (int64_t r = 0; r < op.dx.rows(); ++r) {
    double* dx = op.dx.row<double>(r);
    if (op.dresidual) {
      std::copy_n(op.dresidual.row<const double>(r), columns, dx);
    } else {
      std::fill_n(dx, columns, 0.0);
    }
  }
  for (int64_t i = 0; i < op.dy.rows(); ++i) {
    double* dx = op.dx.row<double>(op.rows.as<const int32_t>()[i]);
    for (int64_t c = 0; c < columns; ++c) dx[c] += op.dy.row<const double>(i)[c];
  }
}

}  // namespace albert
