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

void classifier_backward(Ops& ops, const LinearWeight& weight, const LinearParams& dweight,
                         const Tensor& rows, const ClassifierGradients& d) {
  ops.linear_backward({.dx = d.rows,
                       .dweight = dweight.weight,
                       .dbias = dweight.bias,
                       .dy = d.logits,
                       .x = rows,
                       .preactivation = {},
                       .weight = weight,
                       .dresidual = d.past,
                       .activation = Activation::kNone});
}

}  // namespace albert::model
