// What the heads work with in training, and the parts that they share.
#pragma once

#include <vector>

#include "model/heads/losses.h"
#include "model/training.h"
#include "train/training_batch.h"

namespace albert::train {

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

/// Copies numbers to the backend: indices as i32, others in the dtype of its masters.
Tensor upload(const model::LossScope& scope, const std::vector<int32_t>& values);
Tensor upload(const model::LossScope& scope, const std::vector<float>& values);

model::LossScope loss_scope(const HeadStep& step);
inline Tensor upload(const HeadStep& step, const std::vector<int32_t>& values) {
  return upload(loss_scope(step), values);
}
model::TrainingAllocator allocator(const HeadStep& step);

/// What one of `count` labels weighs in a mean, to whose denominator `smoothing` is added.
double share_of(int64_t count, double smoothing = 0);

/// The dropout in front of a head, and what it does in place to numbers and to gradients.
Dropout head_dropout(const HeadStep& step, const RowOrigins& rows);
void drop(const HeadStep& step, const Tensor& x, const Dropout& dropout);
void drop_back(const HeadStep& step, const Tensor& dx, const Dropout& dropout);

/// Logits and the class of each row: a column, or, with cu_seqlens, a position of the sequence.
struct LabelledLogits {
  Tensor logits;
  const std::vector<int32_t>& labels;
  Tensor cu_seqlens = {};
};

/// The sum of the cross-entropies times `scale`; its gradient takes the place of the logits.
model::PendingLoss class_loss(const HeadStep& step, const LabelledLogits& rows, double scale);

}  // namespace albert::train
