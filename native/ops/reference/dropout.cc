// y = x ⊙ mask; backward is the same product.
#include "ops/dropout.h"

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const DropoutForward& op) {
  require_f64("dropout", "x", op.x);
  for (int64_t r = 0; r < op.x.rows(); ++r) {
    for (int64_t c = 0; c < op.x.columns(); ++c) {
      op.y.row<double>(r)[c] = op.x.row<const double>(r)[c] * dropout_factor(op.dropout, r, 0, c);
    }
  }
}

}  // namespace albert
