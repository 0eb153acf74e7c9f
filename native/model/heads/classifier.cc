// One affine map.
#include "model/heads/classifier.h"

namespace albert::model {

void classifier_forward(Ops& ops, const LinearWeight& weight, const Tensor& rows,
                        const Tensor& logits) {
  ops.linear_forward({.y = logits,
                      .preactivation = {},
                      .x = rows,
                      .weight = weight,
                      .activation = Activation::kNone});
}

}  // namespace albert::model
