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

void check(const GatherRowsBackward& op) {
  const Contract contract("gather_rows_backward");
  contract.expect_float("dx", op.dx, {"R", "C"});
  contract.expect("rows", op.rows, DType::kI32, {"M"});
  contract.expect("dy", op.dy, op.dx.dtype, {op.rows.size(), op.dx.columns()});
  contract.expect_optional("dresidual", op.dresidual, op.dx.dtype, {op.dx.rows(), op.dx.columns()});
}

double flops(const GatherRowsBackward& op) {
  return double(op.dy.size());
}

double bytes(const GatherRowsBackward& op) {
  return bytes_of({op.dx, op.dy, op.rows, op.dresidual});
}

}  // namespace albert
