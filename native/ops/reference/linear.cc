// y = activation(x · weightᵀ + bias), and the weights it reads.
#include "ops/linear.h"

#include <string>

#include "core/error.h"
#include "ops/reference/backend.h"
#include "ops/reference/executor.h"

namespace albert {

namespace {

void check_part(const LinearParams& part, int64_t inputs) {
  if (part.weight.rank != 2 || part.weight.columns() != inputs) {
    throw Error(ErrorCode::kShape, "prepare: expected weight (outputs, " + std::to_string(inputs) +
                                       "), got " + part.weight.describe());
  }
  if (part.bias && (part.bias.rank != 1 || part.bias.size() != part.weight.rows())) {
    throw Error(ErrorCode::kShape, "prepare: expected bias (" + std::to_string(part.weight.rows()) +
                                       "), got " + part.bias.describe());
  }
}

/// Rows [first, first + count) of a row-major matrix of doubles.
Tensor rows_of(const std::vector<double>& matrix, int64_t first, int64_t count, int64_t columns) {
  return tensor_of(matrix.data() + first * columns, {count, columns});
}

Tensor elements_of(const std::vector<double>& vector, int64_t first, int64_t count) {
  return tensor_of(vector.data() + first, {count});
}

}  // namespace

ReferenceWeight::ReferenceWeight(std::span<const LinearParams> parts, int64_t inputs,
                                 int64_t outputs)
    : LinearWeight(inputs, outputs),
      weight_(size_t(outputs * inputs)),
      bias_(size_t(outputs), 0.0) {
  repack(parts);
}

void ReferenceWeight::repack(std::span<const LinearParams> parts) {
  int64_t first = 0;
  for (const LinearParams& part : parts) {
    check_part(part, inputs());
    first += part.weight.rows();
  }
  if (first != outputs()) {
    throw Error(ErrorCode::kShape, "repack: expected " + std::to_string(outputs()) +
                                       " outputs together, got " + std::to_string(first));
  }
  first = 0;
  for (const LinearParams& part : parts) {
    const int64_t count = part.weight.rows();
    copy_converting(rows_of(weight_, first, count, inputs()), part.weight);
    if (part.bias) copy_converting(elements_of(bias_, first, count), part.bias);
    first += count;
  }
}

size_t ReferenceWeight::bytes() const {
  return (weight_.size() + bias_.size()) * sizeof(double);
}

void ReferenceWeight::unpack(const LinearParams& params, int64_t first_output) const {
  check_part(params, inputs());
  const int64_t count = params.weight.rows();
  if (first_output < 0 || first_output + count > outputs()) {
    throw Error(ErrorCode::kShape, "unpack: expected rows within the " + std::to_string(outputs()) +
                                       " outputs, got " + std::to_string(count) + " from " +
                                       std::to_string(first_output));
  }
  copy_converting(params.weight, rows_of(weight_, first_output, count, inputs()));
  if (params.bias) copy_converting(params.bias, elements_of(bias_, first_output, count));
}

namespace {

const ReferenceWeight& own(const LinearWeight& weight) {
  const auto* reference = dynamic_cast<const ReferenceWeight*>(&weight);
  if (reference != nullptr) return *reference;
  throw Error(ErrorCode::kBackend,
              "linear: expected a weight prepared by the reference backend, got another's");
}

/// dz = dy ⊙ activation'(preactivation), of one row.
std::vector<double> inner_gradient(const LinearBackward& op, int64_t row) {
  const double* dy = op.dy.row<const double>(row);
  std::vector<double> dz(dy, dy + op.dy.columns());
  if (op.activation == Activation::kNone) return dz;
  const double* preactivation = op.preactivation.row<const double>(row);
  for (size_t o = 0; o < dz.size(); ++o) dz[o] *= activation_slope(op.activation, preactivation[o]);
  return dz;
}

double input_slope(const InputActivation& input, int64_t row, int64_t column) {
  if (!input.preactivation) return 1;
  return activation_slope(input.activation, input.preactivation.row<const double>(row)[column]);
}

}  // namespace

std::unique_ptr<LinearWeight> ReferenceBackend::prepare(std::span<const LinearParams> parts,
                                                        MatrixUse) {
  if (parts.empty()) throw Error(ErrorCode::kShape, "prepare: expected at least one part, got 0");
  int64_t outputs = 0;
  for (const LinearParams& part : parts) outputs += part.weight.rows();
  return std::make_unique<ReferenceWeight>(parts, parts.front().weight.columns(), outputs);
}

void ReferenceOps::run(const LinearForward& op) {
  require_f64("linear", "x", op.x);
  const ReferenceWeight& weight = own(op.weight);
  for (int64_t r = 0; r < op.x.rows(); ++r) {
    const double* x = op.x.row<const double>(r);
    for (int64_t o = 0; o < weight.outputs(); ++o) {
      double sum = 0;
      for (int64_t i = 0; i < weight.inputs(); ++i) sum += x[i] * weight.row(o)[i];
      sum += weight.bias(o);
      if (op.preactivation) op.preactivation.row<double>(r)[o] = sum;
      op.y.row<double>(r)[o] = activate(op.activation, sum);
    }
  }
}

void ReferenceOps::run(const LinearBackward& op) {
  require_f64("linear_backward", "dy", op.dy);
  const ReferenceWeight& weight = own(op.weight);
  for (int64_t r = 0; r < op.dy.rows(); ++r) {
    const std::vector<double> dz = inner_gradient(op, r);
    const double* x = op.x.row<const double>(r);
    std::vector<double> dx(static_cast<size_t>(weight.inputs()));
    for (int64_t o = 0; o < weight.outputs(); ++o) {
      if (op.dbias) op.dbias.as<double>()[o] += dz[o];
      for (int64_t i = 0; i < weight.inputs(); ++i) {
        dx[i] += dz[o] * weight.row(o)[i];
        if (op.dweight) op.dweight.row<double>(o)[i] += dz[o] * x[i];
      }
    }
    for (int64_t i = 0; op.dx && i < weight.inputs(); ++i) {
      const double sum = dx[i] + (op.dresidual ? op.dresidual.row<const double>(r)[i] : 0);
      op.dx.row<double>(r)[i] = sum * input_slope(op.input, r, i);
    }
  }
}

}  // namespace albert
