// The one layer that ALBERT applies again and again: attention, then feed-forward, each with a
// residual and a norm behind it.
#pragma once

#include "model/activations.h"
#include "model/weights.h"

namespace albert::model {

/// With x = hidden (T, H), in place:
///   attended = LayerNorm(x + Attention(x · Wqkv) · Wo)
///   hidden   = LayerNorm(attended + act(attended · W1) · W2)
/// (post-norm, arXiv 1706.03762 §3.1 as ALBERT keeps it). Where `a` has `selected`, queries and
/// everything behind them are computed for the batch's selection only and the output is a.selected
/// (K, H): the same bits as in those rows of the whole output.
void layer_forward(Ops& ops, const LayerWeights& w, const LayerActivations& a, const Batch& batch,
                   const Config& config);

}  // namespace albert::model
