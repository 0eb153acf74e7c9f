// Forward requests → training batches.
#include "addon/training_batch.h"

#include <utility>

#include "engine/outputs.h"

namespace albert::addon {

train::Dialect read_dialect(const Argument& field) {
  const std::string name = field.utf8();
  if (name == "huggingface") return train::Dialect::kHuggingFace;
  if (name == "google") return train::Dialect::kGoogle;
  field.refuse_range("\"huggingface\" or \"google\", got \"" + name + "\"");
}

train::TrainingBatch training_batch(const model::Architecture& architecture,
                                    engine::JobRequest request, int64_t first_sequence) {
  const model::Config& config = architecture.config;
  data::validate(request.batch, {.vocabulary = config.vocab_size,
                                 .segment_types = config.type_vocab_size,
                                 .positions = config.max_position_embeddings});
  engine::validate_request(architecture, request);
  train::require_labels(architecture.kind, request.labels.value_or(engine::Labels{}));
  return {.batch = std::move(request.batch),
          .labels = std::move(*request.labels),
          .choices = request.choices,
          .candidates = std::move(request.head_rows),
          .candidates_cu = std::move(request.head_cu),
          .first_sequence = first_sequence};
}

}  // namespace albert::addon
