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

}  // namespace albert
