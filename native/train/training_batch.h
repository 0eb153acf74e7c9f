// One micro-batch of training: packed sequences, their targets, and how they are counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/labels.h"
#include "data/packed_batch.h"
#include "model/config.h"

namespace albert::train {

struct TrainingBatch {
  data::PackedBatch batch;
  data::Labels labels;
  /// Multiple choice: consecutive sequences of one question.
  int64_t choices = 1;
  /// Span v2: packed token indices that may hold an answer, grouped by sequence, with (B + 1)
  /// offsets. Absent: all tokens.
  std::optional<std::vector<int32_t>> candidates;
  std::vector<int32_t> candidates_cu;
  /// How many sequences of the update went before: dropout counts them through.
  int64_t first_sequence = 0;
};

/// What the terms of the loss are means over, counted over all micro-batches of an update.
struct LossCounts {
  int64_t labels = 0;  // classes that are not ignored, or numbers with a target
  int64_t sentence_order = 0;
  int64_t starts = 0;
  int64_t ends = 0;
  int64_t sequences = 0;

  LossCounts& operator+=(const LossCounts& other);
  /// Whether no label counts.
  bool none() const { return labels + sentence_order + starts + ends == 0; }
};

/// Throws Error{kRange} where a batch has not the labels that a model of this kind learns from.
void require_labels(model::ModelKind kind, const data::Labels& labels);

LossCounts count_labels(const TrainingBatch& batch);

}  // namespace albert::train
