// The launch functions of the kernels: for each op what it needs beside its tensors, and its start.
#pragma once

#include <cuda_runtime.h>

#include "ops/ops.h"

namespace albert::cuda {

/// Where an op runs, and memory that is its own until the next op of the same stream.
struct Queue {
  cudaStream_t stream;
  void* scratch;  // scratch_bytes(op) bytes, aligned to 256; not read where that is 0
};

/// Bytes of scratch that an op needs: a function of its sizes alone.
template <class Op>
size_t scratch_bytes(const Op&) {
  return 0;
}
size_t scratch_bytes(const EmbeddingBackward& op);
size_t scratch_bytes(const LayerNormBackward& op);
size_t scratch_bytes(const AttentionForward& op);
size_t scratch_bytes(const AttentionBackward& op);
size_t scratch_bytes(const SquareSum& op);
size_t scratch_bytes(const LambUpdate& op);

// Each enqueues the kernels of one op whose contract has been checked, all tensors being device
// memory of f32, bf16 or f16 (indices i32, optimizers' scalars f64). They allocate nothing, never
// wait, and throw nothing; cudaErrorInvalidValue means an element type that has no kernel. The
// result is a function of the inputs alone: sums have one order, whatever the device.

cudaError_t run(const EmbeddingForward& op, const Queue& queue);
cudaError_t run(const LayerNormForward& op, const Queue& queue);
cudaError_t run(const AttentionForward& op, const Queue& queue);
cudaError_t run(const GatherRowsForward& op, const Queue& queue);
cudaError_t run(const ConvertForward& op, const Queue& queue);
/// Also of bf16 and f16.
cudaError_t run(const ActivationForward& op, const Queue& queue);
cudaError_t run(const SoftmaxForward& op, const Queue& queue);
cudaError_t run(const WeightedSumForward& op, const Queue& queue);
cudaError_t run(const CrossEntropyForward& op, const Queue& queue);
cudaError_t run(const BinaryCrossEntropyForward& op, const Queue& queue);
cudaError_t run(const SquaredErrorForward& op, const Queue& queue);
cudaError_t run(const SquareSum& op, const Queue& queue);
cudaError_t run(const ClipFactor& op, const Queue& queue);
cudaError_t run(const AdamWUpdate& op, const Queue& queue);
cudaError_t run(const LambUpdate& op, const Queue& queue);
cudaError_t run(const DropoutForward& op, const Queue& queue);

cudaError_t run(const EmbeddingBackward& op, const Queue& queue);
cudaError_t run(const LayerNormBackward& op, const Queue& queue);
cudaError_t run(const AttentionBackward& op, const Queue& queue);
cudaError_t run(const GatherRowsBackward& op, const Queue& queue);
cudaError_t run(const ActivationBackward& op, const Queue& queue);
cudaError_t run(const SoftmaxBackward& op, const Queue& queue);
cudaError_t run(const WeightedSumBackward& op, const Queue& queue);
cudaError_t run(const CrossEntropyBackward& op, const Queue& queue);
cudaError_t run(const BinaryCrossEntropyBackward& op, const Queue& queue);
cudaError_t run(const SquaredErrorBackward& op, const Queue& queue);

// Parts of a linear map that the matrix library has no epilogue for.

/// preactivation = product + bias, y = activation(preactivation).
struct BiasActivation {
  Tensor y;              // (R, outputs)
  Tensor preactivation;  // (R, outputs) as y; none = not kept; may be the memory of product
  Tensor product;        // (R, outputs) as y; may be the memory of y
  const float* bias;     // (outputs); null = zeros
  Activation activation;
};
cudaError_t run(const BiasActivation& op, const Queue& queue);

/// sums[c] += Σ_r x[r, c], in a fixed order.
struct ColumnSums {
  Tensor sums;  // (C) f32, added to
  Tensor x;     // (R, C)
};
size_t scratch_bytes(const ColumnSums& op);
cudaError_t run(const ColumnSums& op, const Queue& queue);

/// Rows to 8 bits: scale[r] = max |x[r]| / 127, y[r] = x[r] / scale[r] rounded to nearest, ties to
/// even. A row of zeros has the scale 0; one with a number that is not finite, the scale NaN.
struct QuantizeRows {
  Tensor y;       // (R, C) i8
  Tensor scales;  // (R) f32
  Tensor x;       // (R, C)
};
cudaError_t run(const QuantizeRows& op, const Queue& queue);

/// y = activation(sums · row scale · column scale + bias): what follows a product of 8-bit rows.
struct DequantizeRows {
  Tensor y;              // (R, C)
  Tensor preactivation;  // (R, C) as y; none = not kept
  Tensor sums;           // (R, C) i32
  Tensor row_scales;     // (R) f32
  const float* column_scales;  // (C)
  const float* bias;           // (C); null = zeros
  Activation activation;
};
cudaError_t run(const DequantizeRows& op, const Queue& queue);

}  // namespace albert::cuda
