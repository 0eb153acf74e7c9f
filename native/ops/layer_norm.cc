// Contract of layer normalization.
#include "ops/layer_norm.h"

#include <string>

#include "ops/contract.h"

namespace albert {

void check(const LayerNormForward& op) {
  const Contract contract("layer_norm");
  contract.expect_float("x", op.x, {"R", "C"});
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const DType dtype = op.y.dtype, master = master_dtype_of(op.x.dtype);
  if (columns < 1) contract.fail("x with at least one column", op.x.describe());
  contract.expect_beside("y", op.y, op.x.dtype, {rows, columns});
  contract.expect_optional("mean", op.mean, master, {rows});
  contract.expect_optional("rstd", op.rstd, master, {rows});
  contract.expect_optional("residual", op.residual, dtype, {rows, columns});
  contract.expect("weight", op.weight, master, {columns});
  contract.expect("bias", op.bias, master, {columns});
  if (!(op.epsilon >= 0)) contract.fail("epsilon >= 0", std::to_string(op.epsilon));
  contract.expect_dropout(op.dropout, rows);
}

double flops(const LayerNormForward& op) {
  // Sum, then shift, square and sum, then shift, two products and a sum; one more with a residual.
  return double(op.x.size()) * (op.residual ? 9.0 : 8.0) + 5.0 * double(op.x.rows());
}

double bytes(const LayerNormForward& op) {
  return bytes_of({op.y, op.mean, op.rstd, op.x, op.residual, op.weight, op.bias});
}

void check(const LayerNormBackward& op) {
  const Contract contract("layer_norm_backward");
  contract.expect_float("x", op.x, {"R", "C"});
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const DType dtype = op.x.dtype, master = master_dtype_of(dtype);
  if (columns < 1) contract.fail("x with at least one column", op.x.describe());
  contract.expect("dx", op.dx, dtype, {rows, columns});
  contract.expect_optional("dresidual", op.dresidual, dtype, {rows, columns});
  contract.expect_optional("dweight", op.dweight, master, {columns});
  contract.expect_optional("dbias", op.dbias, master, {columns});
  contract.expect("dy", op.dy, dtype, {rows, columns});
  contract.expect_optional("residual", op.residual, dtype, {rows, columns});
  contract.expect("mean", op.mean, master, {rows});
  contract.expect("rstd", op.rstd, master, {rows});
  contract.expect("weight", op.weight, master, {columns});
  contract.expect_dropout(op.dropout, rows);
}

double flops(const LayerNormBackward& op) {
  // ŝ, g and their two sums; the three terms; the two sums over rows.
  return double(op.x.size()) * (op.residual ? 15.0 : 14.0) + 3.0 * double(op.x.rows());
}

double bytes(const LayerNormBackward& op) {
  return bytes_of({op.dx, op.dresidual, op.dy, op.x, op.residual, op.mean, op.rstd, op.weight}) +
         2.0 * bytes_of({op.dweight, op.dbias});
}

}  // namespace albert
