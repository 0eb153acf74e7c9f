// Contracts of the losses.
#include "ops/cross_entropy.h"

#include "ops/contract.h"

namespace albert {

namespace {

void check_elementwise(const char* op, const char* name, const Tensor& x, const Tensor& targets,
                       const Tensor& losses) {
  const Contract contract(op);
  contract.expect_master(name, x, {"R", "C"});
  const DType master = master_dtype_of(x.dtype);
  contract.expect("targets", targets, master, {x.rows(), x.columns()});
  contract.expect("losses", losses, master, {x.rows(), x.columns()});
}

}  // namespace

void check(const CrossEntropyForward& op) {
  const Contract contract("cross_entropy");
  contract.expect("labels", op.labels, DType::kI32, {"R"});
  const int64_t rows = op.labels.size();
  if (op.cu_seqlens) {
    contract.expect("cu_seqlens", op.cu_seqlens, DType::kI32, {rows + 1});
    contract.expect_master("logits", op.logits, {"T"});
  } else {
    contract.expect_master("logits", op.logits, {rows, "C"});
  }
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
  check_elementwise("binary_cross_entropy", "logits", op.logits, op.targets, op.losses);
}

double flops(const BinaryCrossEntropyForward& op) {
  return 8.0 * double(op.logits.size());
}

double bytes(const BinaryCrossEntropyForward& op) {
  return bytes_of({op.losses, op.logits, op.targets});
}

void check(const SquaredErrorForward& op) {
  check_elementwise("squared_error", "predictions", op.predictions, op.targets, op.losses);
}

double flops(const SquaredErrorForward& op) {
  return 2.0 * double(op.predictions.size());
}

double bytes(const SquaredErrorForward& op) {
  return bytes_of({op.losses, op.predictions, op.targets});
}

}  // namespace albert
