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

void check(const SoftmaxBackward& op) {
  const Contract contract("softmax_backward");
  const DType dtype = op.y.dtype;
  const auto expect_all = [&](Shape shape) {
    contract.expect("dy", op.dy, dtype, shape);
    contract.expect("dx", op.dx, dtype, shape);
    contract.expect_optional("dresidual", op.dresidual, dtype, shape);
  };
  if (op.cu_seqlens) {
    contract.expect_offsets("cu_seqlens", op.cu_seqlens);
    contract.expect_master("y", op.y, {"T"});
    expect_all({op.y.size()});
  } else {
    contract.expect_master("y", op.y, {"R", "C"});
    expect_all({op.y.rows(), op.y.columns()});
  }
}

double flops(const SoftmaxBackward& op) {
  return (op.dresidual ? 5.0 : 4.0) * double(op.y.size());
}

double bytes(const SoftmaxBackward& op) {
  return bytes_of({op.dx, op.dy, op.y, op.cu_seqlens, op.dresidual});
}

}  // namespace albert
