// The heads in training: from the encoder's output to the losses, and back to its gradient.
#pragma once

#include "train/head_step.h"

namespace albert::train {

/// The terms of an update's loss, each as this batch's share of it. Terms that a model has not are
/// 0.
struct Losses {
  double total = 0;
  double masked_lm = 0;
  double sentence_order = 0;

  Losses& operator+=(const Losses& other);
};

/// Runs the heads of the model's kind forward and backward.
Losses head_gradients(const HeadStep& step);

}  // namespace albert::train
