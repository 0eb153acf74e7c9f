// Contract of the change of element type.
#include "ops/convert.h"

#include "ops/contract.h"

namespace albert {

void check(const ConvertForward& op) {
  const Contract contract("convert");
  contract.expect_float("x", op.x, {"R", "C"});
  contract.expect_beside("y", op.y, op.x.dtype, {op.x.rows(), op.x.columns()});
}

double flops(const ConvertForward&) {
  return 0;
}

double bytes(const ConvertForward& op) {
  return bytes_of({op.y, op.x});
}

}  // namespace albert
