// Gather the [CLS] rows, map them, tanh.
#include "model/heads/pooler.h"

namespace albert::model {

void pooler_forward(Ops& ops, const AlbertWeights& w, const PoolerActivations& a,
                    const Tensor& hidden, const Batch& batch) {
  ops.gather_rows_forward({.y = a.first, .x = hidden, .rows = batch.first_rows});
  ops.linear_forward({.y = a.pooled,
                      .preactivation = {},
                      .x = a.first,
                      .weight = *w.pooler,
                      .activation = Activation::kTanh});
}

}  // namespace albert::model
