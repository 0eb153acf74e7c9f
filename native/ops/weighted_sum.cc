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

}  // namespace albert
