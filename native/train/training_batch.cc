// Counting labels.
#include "train/training_batch.h"

#include <algorithm>

namespace albert::train {

namespace {

int64_t count_of(const std::optional<std::vector<int32_t>>& labels) {
  if (!labels) return 0;
  return int64_t(labels->size()) - std::count(labels->begin(), labels->end(), data::kIgnored);
}

}  // namespace

LossCounts& LossCounts::operator+=(const LossCounts& other) {
  labels += other.labels;
  sentence_order += other.sentence_order;
  starts += other.starts;
  ends += other.ends;
  sequences += other.sequences;
  return *this;
}

LossCounts count_labels(const TrainingBatch& batch) {
  const data::Labels& labels = batch.labels;
  return {.labels = labels.targets ? int64_t(labels.targets->size()) : count_of(labels.classes),
          .sentence_order = count_of(labels.sentence_order),
          .starts = count_of(labels.start_positions),
          .ends = count_of(labels.end_positions),
          .sequences = batch.batch.sequences()};
}

}  // namespace albert::train
