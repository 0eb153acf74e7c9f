// Contract of softmax and log-softmax.
#include "ops/softmax.h"

#include "ops/contract.h"

namespace albert {

void check(const SoftmaxForward& op) {
  const Contract contract("softmax");
  if (op.cu_seqlens) {
    contract.expect_offsets("cu_seqlens", op.cu_seqlens);
    contract.expect_master("x", op.x, {"T"});
    contract.expect("y", op.y, op.x.dtype, {op.x.size()});
  } else {
    contract.expect_master("x", op.x, {"R", "C"});
    contract.expect("y", op.y, op.x.dtype, {op.x.rows(), op.x.columns()});
  }
}

double flops(const SoftmaxForward& op) {
  return 5.0 * double(op.x.size());  // maximum, shift, exponential, sum, quotient
}

double bytes(const SoftmaxForward& op) {
  return bytes_of({op.y, op.x, op.cu_seqlens});
}

}  // namespace albert
