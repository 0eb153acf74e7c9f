// The heads that answer questions, in training.
#pragma once

#include "train/head_step.h"

namespace albert::train {

/// Start and end by one classifier: the mean of both losses.
model::PendingLoss span_gradient(const HeadStep& step);

/// Start, end given start, and answerability, as the original code weighs them.
model::PendingLoss span_v2_gradient(const HeadStep& step);

}  // namespace albert::train
