// Contract of the weighted sum of rows.
#include "ops/weighted_sum.h"

#include "ops/contract.h"

namespace albert {

void check(const WeightedSumForward& op) {
  const Contract contract("weighted_sum");
  contract.expect_master("x", op.x, {"T", "H"});
  contract.expect_offsets("cu_seqlens", op.cu_seqlens);
  contract.expect("weights", op.weights, op.x.dtype, {op.x.rows()});
  contract.expect("y", op.y, op.x.dtype, {op.cu_seqlens.size() - 1, op.x.columns()});
}

double flops(const WeightedSumForward& op) {
  return 2.0 * double(op.x.size());
}

double bytes(const WeightedSumForward& op) {
  return bytes_of({op.y, op.x, op.weights, op.cu_seqlens});
}

void check(const WeightedSumBackward& op) {
  const Contract contract("weighted_sum_backward");
  contract.expect_master("x", op.x, {"T", "H"});
  contract.expect_offsets("cu_seqlens", op.cu_seqlens);
  const int64_t rows = op.x.rows(), columns = op.x.columns();
  const DType dtype = op.x.dtype;
  contract.expect("weights", op.weights, dtype, {rows});
  contract.expect("dy", op.dy, dtype, {op.cu_seqlens.size() - 1, columns});
  contract.expect("dx", op.dx, dtype, {rows, columns});
  contract.expect("dweights", op.dweights, dtype, {rows});
  contract.expect_optional("dresidual", op.dresidual, dtype, {rows, columns});
}

double flops(const WeightedSumBackward& op) {
  return (op.dresidual ? 4.0 : 3.0) * double(op.x.size());
}

double bytes(const WeightedSumBackward& op) {
  return bytes_of({op.dx, op.dweights, op.dy, op.x, op.weights, op.cu_seqlens, op.dresidual});
}

}  // namespace albert
