// The heads in training: from the encoder's output to the losses, and back to its gradient.
#pragma once

#include "model/training.h"
#include "train/training_batch.h"

namespace albert::train {

/// The terms of an update's loss, each as this batch's share of it. Terms that a model has not are
/// 0.
struct Losses {
  double total = 0;
  double masked_lm = 0;
  double sentence_order = 0;
};

/// Whose rules: they differ in training, see GradientOptions.
enum class Dialect : uint8_t { kHuggingFace, kGoogle };

/// Everything that a head works with.
struct HeadStep {
  const model::BackwardScope& scope;
  Backend& backend;
  Arena& arena;
  const TrainingBatch& request;
  const LossCounts& counts;
  const model::Batch& batch;
  const model::DropoutPlan& dropout;
  Dialect dialect;
  /// (T): where the encoder's output holds each token; empty = as it is.
  const std::vector<int32_t>& output_rows;
  Tensor output;   // the encoder's; dropped out in place by heads that read it through dropout
  Tensor doutput;  // zeros, added to
};

/// Runs the heads of the model's kind forward and backward.
Losses head_gradients(const HeadStep& step);

/// Copies numbers to the backend: indices as i32, others in the dtype of its masters.
Tensor upload(Arena& arena, Backend& backend, const std::vector<int32_t>& values);
Tensor upload(Arena& arena, Backend& backend, const std::vector<float>& values);

}  // namespace albert::train
