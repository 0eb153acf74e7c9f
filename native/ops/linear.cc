// Contract of the affine map.
#include "ops/linear.h"

#include "ops/contract.h"

namespace albert {

void check(const LinearForward& op) {
  const Contract contract("linear");
  contract.expect_float("x", op.x, {"R", op.weight.inputs()});
  const int64_t rows = op.x.rows(), outputs = op.weight.outputs();
  contract.expect_beside("y", op.y, op.x.dtype, {rows, outputs});
  contract.expect_optional("preactivation", op.preactivation, op.y.dtype, {rows, outputs});
}

double flops(const LinearForward& op) {
  const double outputs = double(op.y.size());
  return outputs * (2.0 * double(op.weight.inputs()) + flops_per_element(op.activation));
}

double bytes(const LinearForward& op) {
  return bytes_of({op.y, op.preactivation, op.x}) + double(op.weight.bytes());
}

}  // namespace albert
