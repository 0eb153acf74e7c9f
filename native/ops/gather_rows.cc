// Contract of the selection of rows.
#include "ops/gather_rows.h"

#include "ops/contract.h"

namespace albert {

void check(const GatherRowsForward& op) {
  const Contract contract("gather_rows");
  contract.expect_float("x", op.x, {"R", "C"});
  contract.expect("rows", op.rows, DType::kI32, {"M"});
  contract.expect("y", op.y, op.x.dtype, {op.rows.size(), op.x.columns()});
}

double flops(const GatherRowsForward&) {
  return 0;
}

double bytes(const GatherRowsForward& op) {
  return 2.0 * bytes_of(op.y) + bytes_of(op.rows);
}

}  // namespace albert
