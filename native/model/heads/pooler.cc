// Gather the [CLS] rows, map them, tanh.
#include "model/heads/pooler.h"

namespace albert::model {

void pooler_forward(Ops& ops, const AlbertWeights& w, const PoolerActivations& a,
                    const Tensor& hidden, const Batch& batch) {
  ops.gather_rows_forward({.y = a.first, .x = hidden, .rows = batch.first_rows});
  ops.linear_forward({.y = a.pooled,
                      .preactivation = a.preactivation,
                      .x = a.first,
                      .weight = *w.pooler,
                      .activation = Activation::kTanh});
}

void pooler_backward(const BackwardScope& scope, const PoolerActivations& a, const Batch& batch,
                     const PoolerGradients& d) {
  scope.ops.linear_backward({.dx = d.first,
                             .dweight = scope.dw.pooler.weight,
                             .dbias = scope.dw.pooler.bias,
                             .dy = d.pooled,
                             .x = a.first,
                             .preactivation = a.preactivation,
                             .weight = *scope.w.pooler,
                             .dresidual = {},
                             .activation = Activation::kTanh});
  scope.ops.gather_rows_backward(
      {.dx = d.hidden, .dy = d.first, .rows = batch.first_rows, .dresidual = d.hidden});
}

}  // namespace albert::model
