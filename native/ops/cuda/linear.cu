// The affine map and its backward: products by cuBLASLt, what it does not fuse by kernels.
#include <string>

#include "ops/cuda/matmul.cuh"
#include "ops/cuda/worker.cuh"

namespace albert::cuda {

namespace {

constexpr Matmul kPlain = {.y = {},
                           .left = {},
                           .left_transposed = false,
                           .right = {},
                           .right_transposed = false,
                           .addend = {},
                           .epilogue = CUBLASLT_EPILOGUE_DEFAULT,
                           .bias = nullptr,
                           .bias_dtype = DType::kF32,
                           .auxiliary = {}};

[[noreturn]] void refuse(const Matmul& matmul) {
  throw Error(ErrorCode::kBackend, "linear: cuBLASLt has no product of " + matmul.left.describe() +
                                       " and " + matmul.right.describe() + " into " +
                                       matmul.y.describe());
}

bool is_aligned(const Tensor& tensor) {
  return reinterpret_cast<uintptr_t>(tensor.data) % 16 == 0 && tensor.row_stride % 8 == 0;
}

/// cuBLASLt has GELU by tanh alone, and says nothing about how exact it is: in float32, where five
/// digits are promised, kernels compute it.
bool may_fuse(Activation activation, DType dtype) {
  return activation == Activation::kGeluTanh && dtype != DType::kF32;
}

/// The part of bias and activation that may ride on the product: all, or the bias, without
/// activation; else nothing, so that a kernel does both.
cublasLtEpilogue_t epilogue_for(const LinearForwardCall& op, const Tensor& y) {
  const bool keeps = bool(op.preactivation);
  if (op.activation == Activation::kNone && !keeps) return CUBLASLT_EPILOGUE_BIAS;
  if (!may_fuse(op.activation, y.dtype)) return CUBLASLT_EPILOGUE_DEFAULT;
  if (!keeps) return CUBLASLT_EPILOGUE_GELU_BIAS;
  const bool fits = is_aligned(op.preactivation) && is_aligned(y) &&
                    op.preactivation.dtype == y.dtype && y.columns() % 8 == 0;
  return fits ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

}  // namespace

Tensor Worker::matrix(Slot slot, DType dtype, int64_t rows, int64_t columns) {
  return Tensor(memory(slot, size_t(rows * columns) * size_of(dtype)), dtype, {rows, columns});
}

Tensor Worker::converted(const Tensor& x, DType dtype, Slot slot) {
  if (x.dtype == dtype) return x;
  const Tensor copy = matrix(slot, dtype, x.rows(), x.columns());
  run(ConvertForward{.y = copy, .x = x});
  return copy;
}

void Worker::multiply(const LinearForwardCall& op, const Tensor& x, const Tensor& y) {
  const Weight& weight = *op.weight;
  Matmul matmul = kPlain;
  matmul.y = y;
  matmul.left = x;
  matmul.right = weight.matrix();
  matmul.right_transposed = true;
  Matmul fused = matmul;
  fused.epilogue = epilogue_for(op, y);
  if (fused.epilogue != CUBLASLT_EPILOGUE_DEFAULT) {
    const bool narrow = y.dtype != DType::kF32;
    fused.bias = narrow ? weight.narrow_bias() : static_cast<const void*>(weight.bias());
    fused.bias_dtype = y.dtype;
    if (fused.epilogue == CUBLASLT_EPILOGUE_GELU_AUX_BIAS) fused.auxiliary = op.preactivation;
    if (device_.plans().run(fused, *this)) return;
  }
  if (!device_.plans().run(matmul, *this)) refuse(matmul);
  run(BiasActivation{.y = y,
                     .preactivation = op.preactivation,
                     .product = y,
                     .bias = weight.bias(),
                     .activation = op.activation});
}

void Worker::multiply_int8(const LinearForwardCall& op) {
  const Weight& weight = *op.weight;
  const int64_t rows = op.x.rows(), all_rows = padded(rows);
  const Tensor all_steps = matrix(Slot::kInput, DType::kI8, all_rows, weight.matrix().row_stride);
  const Tensor all_sums = matrix(Slot::kOutput, DType::kI32, all_rows, weight.padded_outputs());
  auto* scales = static_cast<float*>(memory(Slot::kScales, size_t(rows) * sizeof(float)));
  enqueue_zero(all_steps.data, size_t(all_steps.size()));
  const Tensor row_scales = tensor_of(scales, {rows});
  run(QuantizeRows{.y = all_steps.slice_rows(0, rows).slice_columns(0, weight.inputs()),
                   .scales = row_scales,
                   .x = op.x});
  Matmul matmul = kPlain;
  matmul.y = all_sums;
  matmul.left = all_steps;
  matmul.right = weight.matrix();
  matmul.right.shape = {weight.padded_outputs(), weight.matrix().row_stride};
  matmul.right_transposed = true;
  if (!device_.plans().run(matmul, *this)) refuse(matmul);
  run(DequantizeRows{.y = op.y,
                     .preactivation = op.preactivation,
                     .sums = all_sums.slice_rows(0, rows).slice_columns(0, weight.outputs()),
                     .row_scales = row_scales,
                     .column_scales = weight.scales(),
                     .bias = weight.bias(),
                     .activation = op.activation});
}

void Worker::run(const LinearForwardCall& op) {
  if (op.x.rows() == 0) return;
  keep_in_cache(*op.weight);
  const DType element = op.weight->matrix().dtype;
  if (element == DType::kI8) return multiply_int8(op);
  const Tensor x = converted(op.x, element, Slot::kInput);
  if (op.y.dtype == element || op.y.dtype == DType::kF32) return multiply(op, x, op.y);
  // Products of f32 are stored as such: what is to be narrow is computed beside and rounded.
  LinearForwardCall wide = op;
  wide.y = matrix(Slot::kOutput, DType::kF32, op.y.rows(), op.y.columns());
  if (op.preactivation) {
    wide.preactivation = matrix(Slot::kGradient, DType::kF32, op.y.rows(), op.y.columns());
  }
  multiply(wide, x, wide.y);
  run(ConvertForward{.y = op.y, .x = wide.y});
  if (op.preactivation) run(ConvertForward{.y = op.preactivation, .x = wide.preactivation});
}

Tensor Worker::inner_gradient(const LinearBackwardCall& op) {
  const DType element = op.weight->matrix().dtype;
  if (op.activation == Activation::kNone) return converted(op.dy, element, Slot::kGradient);
  const Tensor dz = matrix(Slot::kGradient, op.dy.dtype, op.dy.rows(), op.dy.columns());
  run(ActivationBackward{
      .dx = dz, .dy = op.dy, .x = op.preactivation, .activation = op.activation});
  return converted(dz, element, Slot::kOutput);
}

/// dweight += dzᵀ · x; the epilogue BGRADB sums dz on the way. It writes where dbias accumulates,
/// so that its sums go through memory of their own.
void Worker::add_weight_gradient(const LinearBackwardCall& op, const Tensor& dz) {
  if (!op.dweight) {
    if (op.dbias) run(ColumnSums{.sums = op.dbias, .x = dz});
    return;
  }
  Matmul matmul = kPlain;
  matmul.y = op.dweight;
  matmul.left = dz;
  matmul.left_transposed = true;
  matmul.right = converted(op.x, dz.dtype, Slot::kInput);
  matmul.addend = op.dweight;
  if (op.dbias) {
    const Tensor sums = matrix(Slot::kScales, DType::kF32, 1, dz.columns());
    Matmul fused = matmul;
    fused.epilogue = CUBLASLT_EPILOGUE_BGRADB;
    fused.bias = sums.data;
    fused.bias_dtype = DType::kF32;
    if (device_.plans().run(fused, *this)) {
      run(ColumnSums{.sums = op.dbias, .x = sums});
      return;
    }
    run(ColumnSums{.sums = op.dbias, .x = dz});
  }
  if (!device_.plans().run(matmul, *this)) refuse(matmul);
}

/// A product for dx with the slope of what made x: by the epilogue DGELU where cuBLASLt has it, by
/// a kernel elsewhere. (DGELU_BGRAD would store the sums of dx in dx's type, bf16 in training: they
/// come in f32 out of the next map's BGRADB instead.)
void Worker::multiply_through(const LinearBackwardCall& op, const Matmul& matmul) {
  const InputActivation& input = op.input;
  const Tensor& y = matmul.y;
  const bool fits = may_fuse(input.activation, y.dtype) &&
                    input.preactivation.dtype == y.dtype && y.columns() % 8 == 0 &&
                    is_aligned(input.preactivation) && is_aligned(y);
  if (input.preactivation && fits) {
    Matmul fused = matmul;
    fused.epilogue = CUBLASLT_EPILOGUE_DGELU;
    fused.auxiliary = input.preactivation;
    if (device_.plans().run(fused, *this)) return;
  }
  if (!device_.plans().run(matmul, *this)) refuse(matmul);
  if (!input.preactivation) return;
  run(ActivationBackward{.dx = y,
                         .dy = y,
                         .x = converted(input.preactivation, y.dtype, Slot::kGradient),
                         .activation = input.activation});
}

void Worker::write_input_gradient(const LinearBackwardCall& op, const Tensor& dz) {
  if (!op.dx) return;
  Matmul matmul = kPlain;
  matmul.left = dz;
  matmul.right = op.weight->matrix();
  const bool is_stored = op.dx.dtype == dz.dtype || op.dx.dtype == DType::kF32;
  matmul.y = is_stored ? op.dx
                       : matrix(Slot::kInput, DType::kF32, op.dx.rows(), op.dx.columns());
  matmul.addend = op.dresidual;
  if (!is_stored && op.dresidual) {
    run(ConvertForward{.y = matmul.y, .x = op.dresidual});
    matmul.addend = matmul.y;
  }
  multiply_through(op, matmul);
  if (!is_stored) run(ConvertForward{.y = op.dx, .x = matmul.y});
}

void Worker::run(const LinearBackwardCall& op) {
  if (op.weight->matrix().dtype == DType::kI8) {
    throw Error(ErrorCode::kBackend,
                "linear_backward: int8 is for inference; train in \"fp32\" or \"bf16\"");
  }
  if (op.dy.rows() == 0) return;
  keep_in_cache(*op.weight);
  const Tensor dz = inner_gradient(op);
  add_weight_gradient(op, dz);
  write_input_gradient(op, dz);
}

}  // namespace albert::cuda
