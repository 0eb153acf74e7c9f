// Contract of the affine map.
#include "ops/linear.h"

#include <string>

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

void check(const LinearBackward& op) {
  const Contract contract("linear_backward");
  const int64_t inputs = op.weight.inputs(), outputs = op.weight.outputs();
  contract.expect_float("dy", op.dy, {"R", outputs});
  const int64_t rows = op.dy.rows();
  const DType dtype = op.dy.dtype, master = master_dtype_of(dtype);
  contract.expect_beside("x", op.x, dtype, {rows, inputs});
  contract.expect_optional("preactivation", op.preactivation, dtype, {rows, outputs});
  contract.expect_optional("dx", op.dx, op.x.dtype, {rows, inputs});
  contract.expect_optional("dresidual", op.dresidual, op.x.dtype, {rows, inputs});
  contract.expect_optional("dweight", op.dweight, master, {outputs, inputs});
  contract.expect_optional("dbias", op.dbias, master, {outputs});
  contract.expect_optional("input.preactivation", op.input.preactivation, op.x.dtype,
                           {rows, inputs});
  if (op.activation != Activation::kNone && op.preactivation.rank == 0) {
    contract.fail(std::string("the preactivation of ") + name_of(op.activation), "none");
  }
}

double flops(const LinearBackward& op) {
  const double outputs = double(op.dy.size()), inputs = double(op.weight.inputs());
  const double products = (op.dx ? 2.0 : 0.0) + (op.dweight ? 2.0 : 0.0);
  return outputs * (products * inputs + derivative_flops_per_element(op.activation)) +
         (op.dbias ? outputs : 0.0) + double(op.dresidual.size()) +
         double(op.input.preactivation.size()) * derivative_flops_per_element(op.input.activation);
}

double bytes(const LinearBackward& op) {
  // Accumulators are read and written.
  return bytes_of({op.dx, op.dy, op.x, op.preactivation, op.dresidual, op.input.preactivation}) +
         2.0 * bytes_of({op.dweight, op.dbias}) + (op.dx ? double(op.weight.bytes()) : 0.0);
}

}  // namespace albert
