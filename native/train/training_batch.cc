// Counting labels.
#include "train/training_batch.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace albert::train {

namespace {

int64_t count_of(const std::optional<std::vector<int32_t>>& labels) {
  if (!labels) return 0;
  return int64_t(labels->size()) - std::count(labels->begin(), labels->end(), data::kIgnored);
}

}  // namespace

void require_labels(model::ModelKind kind, const data::Labels& labels) {
  using model::ModelKind;
  const auto require = [](bool there, const char* what) {
    if (!there) throw Error(ErrorCode::kRange, std::string("labels: training needs ") + what);
  };
  switch (kind) {
    case ModelKind::kBase:
      return require(false, "a model with a head");
    case ModelKind::kPreTraining:
      return require(labels.classes || labels.sentence_order, "labels or sentence_order_label");
    case ModelKind::kSequenceClassification:
      return require(labels.classes || labels.targets, "labels");
    case ModelKind::kMaskedLM:
    case ModelKind::kTokenClassification:
    case ModelKind::kMultipleChoice:
      return require(labels.classes.has_value(), "labels");
    case ModelKind::kQuestionAnswering:
      return require(labels.start_positions && labels.end_positions,
                     "start_positions and end_positions");
    case ModelKind::kQuestionAnsweringV2:
      return require(labels.start_positions && labels.end_positions && labels.is_impossible,
                     "start_positions, end_positions and is_impossible");
  }
}

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
