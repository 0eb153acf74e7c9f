// The one layer that ALBERT applies again and again: attention, then feed-forward, each with a
// residual and a norm behind it.
#pragma once

#include "model/activations.h"
#include "model/weights.h"

namespace albert::model {

/// One application of the layer to one batch.
struct LayerStep {
  const LayerWeights& w;
  const LayerActivations& a;
  const Batch& batch;
  const Config& config;
};

/// The gradients of a LayerActivations' tensors: scratch that all applications share. Where rows
/// are selected, everything but hidden and qkv has K rows.
struct LayerGradients {
  Tensor output;        // (T, H): given
  Tensor hidden;        // (T, H): the result; may be output's memory
  Tensor residual;      // (T, H): of what goes around attention; output's memory
  Tensor branch;        // (T, H): of ffn_output, then of projection
  Tensor attended;      // (T, H)
  Tensor intermediate;  // (T, F)
  Tensor context;       // (T, H)
  Tensor qkv;           // (T, 3H)
  Tensor queries;       // (K, H); none = the first columns of qkv
};

/// With x = hidden (T, H):
///   attended = LayerNorm(x + dropout(Attention(x · Wqkv) · Wo))
///   output   = LayerNorm(attended + dropout(act(attended · W1) · W2))
/// (post-norm, arXiv 1706.03762 §3.1 as ALBERT keeps it). Where `a` has `selected`, queries and
/// everything behind them are computed for the batch's selection only: the same bits as in those
/// rows of the whole output.
void layer_forward(Ops& ops, const LayerStep& step);

/// From d.output to d.hidden; adds the parameters' gradients to dw.
void layer_backward(Ops& ops, const LayerStep& step, const LayerParams& dw,
                    const LayerGradients& d);

}  // namespace albert::model
