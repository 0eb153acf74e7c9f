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

/// The same on their way from the backend: values() after Backend::finish().
struct PendingLosses {
  model::PendingLoss other;  // of a model that is not pretrained: its only one
  model::PendingLoss masked_lm;
  model::PendingLoss sentence_order;

  PendingLosses& operator+=(const PendingLosses& pending);
  Losses values() const;
};

/// Runs the heads of the model's kind forward and backward, without waiting for the backend.
PendingLosses head_gradients(const HeadStep& step);

}  // namespace albert::train
