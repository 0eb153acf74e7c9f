// The plain classifiers: sentence order, sequence, token, span (v1) and choice are one affine map.
#pragma once

#include "ops/ops.h"

namespace albert::model {

/// logits (R, labels) = rows (R, H) · weightᵀ + bias. Rows are pooled vectors (sentence order,
/// sequence, choice) or hidden states (token, span).
void classifier_forward(Ops& ops, const LinearWeight& weight, const Tensor& rows,
                        const Tensor& logits);

}  // namespace albert::model
