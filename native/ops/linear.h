// The affine map of every dense layer, with an activation as its epilogue.
#pragma once

#include <memory>
#include <span>

#include "core/tensor.h"
#include "ops/activation.h"

namespace albert {

class Ops;

/// The plain form of a matrix and its bias, in host memory: what files and optimizers hold.
struct LinearParams {
  Tensor weight;  // (outputs, inputs)
  Tensor bias;    // (outputs); none = zeros
};

/// A matrix and bias in the layout that the backend's kernels read: packed panels on the CPU, plain
/// rows in the reference. Immutable but for repack(): any number of executors may use one at the
/// same time. Made by Backend::prepare.
class LinearWeight {
 public:
  LinearWeight(int64_t inputs, int64_t outputs) : inputs_(inputs), outputs_(outputs) {}
  virtual ~LinearWeight() = default;
  LinearWeight(const LinearWeight&) = delete;
  LinearWeight& operator=(const LinearWeight&) = delete;

  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }

  /// Bytes held by the packed form.
  virtual size_t bytes() const = 0;
  /// Writes rows [first_output, first_output + rows of `params.weight`) back in plain form (f32 or
  /// f64 host tensors).
  virtual void unpack(const LinearParams& params, int64_t first_output) const = 0;
  /// Packs other numbers of the same shapes into the same memory, after an optimizer's step. Nobody
  /// else may use the weight meanwhile. Throws Error{kShape}.
  virtual void repack(std::span<const LinearParams> parts) = 0;
  /// The same from parts in the backend's own memory, in its master dtype, in the order of an
  /// executor's ops. As written here, for backends in host memory.
  virtual void repack_within(Ops& /*ops*/, std::span<const LinearParams> parts) { repack(parts); }

 private:
  int64_t inputs_;
  int64_t outputs_;
};

/// Whose matrix it is: layers are multiplied in the backend's arithmetic (float32, bfloat16, int8),
/// the maps around them (embeddings to hidden, heads) in its master dtype.
enum class MatrixUse { kLayer, kHead };

/// y = activation(x · weightᵀ + bias). Each y is one chain of additions over the inputs in storage
/// order, whatever the number of rows, threads or tiles: a row's result depends on that row alone.
/// In bfloat16 and int8, where no preactivation is kept, a GELU may be off by 1e-3 of itself: half
/// of what rounding to bfloat16 may add.
struct LinearForward {
  Tensor y;              // (R, outputs), activation or master dtype
  Tensor preactivation;  // (R, outputs) as y, kept for backward; none = not kept
  Tensor x;              // (R, inputs), activation or master dtype
  const LinearWeight& weight;
  Activation activation;
};

/// What made a map's x: x = activation(preactivation).
struct InputActivation {
  Tensor preactivation;  // (R, inputs) as x; none = dx is the gradient of x itself
  Activation activation = Activation::kNone;
};

/// With dz = dy ⊙ activation'(preactivation):
///   dx = dz · weight + dresidual,  dweight += dzᵀ · x,  dbias += Σ_r dz[r]
/// With `input`, dx goes on through what made x: dx = (dz · weight + dresidual) ⊙ f'(…). Where an
/// executor says fuses_input_activation(), that costs no pass of its own.
struct LinearBackward {
  Tensor dx;             // (R, inputs) as x; none = not wanted
  Tensor dweight;        // (outputs, inputs), added to; none = not wanted
  Tensor dbias;          // (outputs), added to; none = not wanted
  Tensor dy;             // (R, outputs), activation or master dtype
  Tensor x;              // (R, inputs), activation or master dtype
  Tensor preactivation;  // (R, outputs) as dy, from forward; none where there is no activation
  const LinearWeight& weight;
  Tensor dresidual;  // (R, inputs) as x, what reaches x past this map; none = zeros; may be dx's
                     // memory
  Activation activation;
  InputActivation input = {};  // of one map alone: the others need not name it
};

void check(const LinearForward& op);
double flops(const LinearForward& op);
double bytes(const LinearForward& op);
void check(const LinearBackward& op);
double flops(const LinearBackward& op);
double bytes(const LinearBackward& op);

}  // namespace albert
