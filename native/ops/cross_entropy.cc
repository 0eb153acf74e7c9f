// Contracts of the losses.
#include "ops/cross_entropy.h"

#include "ops/contract.h"

namespace albert {

namespace {

/// What the elementwise losses read.
void check_elementwise(const Contract& contract, const char* name, const Tensor& x,
                       const Tensor& targets) {
  contract.expect_master(name, x, {"R", "C"});
  contract.expect("targets", targets, master_dtype_of(x.dtype), {x.rows(), x.columns()});
}

/// Logits, labels and offsets.
template <class Op>
void check_classes(const Contract& contract, const Op& op) {
  contract.expect("labels", op.labels, DType::kI32, {"R"});
  const int64_t rows = op.labels.size();
  if (op.cu_seqlens) {
    contract.expect("cu_seqlens", op.cu_seqlens, DType::kI32, {rows + 1});
    contract.expect_master("logits", op.logits, {"T"});
  } else {
    contract.expect_master("logits", op.logits, {rows, "C"});
  }
}

}  // namespace

void check(const CrossEntropyForward& op) {
  const Contract contract("cross_entropy");
  check_classes(contract, op);
  const int64_t rows = op.labels.size();
  const DType master = master_dtype_of(op.logits.dtype);
  contract.expect("losses", op.losses, master, {rows});
  contract.expect_optional("log_sum_exp", op.log_sum_exp, master, {rows});
}

double flops(const CrossEntropyForward& op) {
  // Maximum, shift, exponential and sum of each logit; logarithm and two additions a row.
  return 4.0 * double(op.logits.size()) + 3.0 * double(op.labels.size());
}

double bytes(const CrossEntropyForward& op) {
  return bytes_of({op.losses, op.log_sum_exp, op.logits, op.labels, op.cu_seqlens});
}

void check(const BinaryCrossEntropyForward& op) {
  const Contract contract("binary_cross_entropy");
  check_elementwise(contract, "logits", op.logits, op.targets);
  contract.expect("losses", op.losses, op.targets.dtype, {op.logits.rows(), op.logits.columns()});
}

double flops(const BinaryCrossEntropyForward& op) {
  return 8.0 * double(op.logits.size());
}

double bytes(const BinaryCrossEntropyForward& op) {
  return bytes_of({op.losses, op.logits, op.targets});
}

void check(const SquaredErrorForward& op) {
  const Contract contract("squared_error");
  check_elementwise(contract, "predictions", op.predictions, op.targets);
  contract.expect("losses", op.losses, op.targets.dtype,
                  {op.predictions.rows(), op.predictions.columns()});
}

double flops(const SquaredErrorForward& op) {
  return 2.0 * double(op.predictions.size());
}

double bytes(const SquaredErrorForward& op) {
  return bytes_of({op.losses, op.predictions, op.targets});
}

void check(const CrossEntropyBackward& op) {
  const Contract contract("cross_entropy_backward");
  check_classes(contract, op);
  const DType dtype = op.logits.dtype;
  contract.expect("log_sum_exp", op.log_sum_exp, master_dtype_of(dtype), {op.labels.size()});
  if (op.cu_seqlens) {
    contract.expect("dlogits", op.dlogits, dtype, {op.logits.size()});
  } else {
    contract.expect("dlogits", op.dlogits, dtype, {op.logits.rows(), op.logits.columns()});
  }
}

double flops(const CrossEntropyBackward& op) {
  return 3.0 * double(op.logits.size()) + double(op.labels.size());
}

double bytes(const CrossEntropyBackward& op) {
  return bytes_of({op.dlogits, op.log_sum_exp, op.logits, op.labels, op.cu_seqlens});
}

void check(const BinaryCrossEntropyBackward& op) {
  const Contract contract("binary_cross_entropy_backward");
  check_elementwise(contract, "logits", op.logits, op.targets);
  contract.expect("dlogits", op.dlogits, op.logits.dtype, {op.logits.rows(), op.logits.columns()});
}

double flops(const BinaryCrossEntropyBackward& op) {
  return 5.0 * double(op.logits.size());
}

double bytes(const BinaryCrossEntropyBackward& op) {
  return bytes_of({op.dlogits, op.logits, op.targets});
}

void check(const SquaredErrorBackward& op) {
  const Contract contract("squared_error_backward");
  check_elementwise(contract, "predictions", op.predictions, op.targets);
  contract.expect("dpredictions", op.dpredictions, op.predictions.dtype,
                  {op.predictions.rows(), op.predictions.columns()});
}

double flops(const SquaredErrorBackward& op) {
  return 2.0 * double(op.predictions.size());
}

double bytes(const SquaredErrorBackward& op) {
  return bytes_of({op.dpredictions, op.predictions, op.targets});
}

}  // namespace albert
