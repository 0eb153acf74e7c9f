// y = x: the reference has one element type.
#include "ops/convert.h"

#include <algorithm>

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const ConvertForward& op) {
  require_f64("convert", "x", op.x);
  for (int64_t i = 0; i < op.x.rows(); ++i) {
    std::copy_n(op.x.row<const double>(i), op.x.columns(), op.y.row<double>(i));
  }
}

}  // namespace albert
