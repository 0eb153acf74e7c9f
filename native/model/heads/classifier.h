// The plain classifiers: sentence order, sequence, token, span (v1) and choice are one affine map.
#pragma once

#include "ops/ops.h"

namespace albert::model {

/// logits (R, labels) = rows (R, H) · weightᵀ + bias. Rows are pooled vectors (sentence order,
/// sequence, choice) or hidden states (token, span).
void classifier_forward(Ops& ops, const LinearWeight& weight, const Tensor& rows,
                        const Tensor& logits);

struct ClassifierGradients {
  Tensor logits;  // (R, labels): given
  Tensor rows;    // (R, H): the result
  Tensor past;    // (R, H): what reaches the rows another way; none = zeros
};

/// From d.logits to d.rows; adds to dweight, whose bias may be none.
void classifier_backward(Ops& ops, const LinearWeight& weight, const LinearParams& dweight,
                         const Tensor& rows, const ClassifierGradients& d);

}  // namespace albert::model
