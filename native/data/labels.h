// The targets of the losses, beside a packed batch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace albert::data {

/// Label value that takes no part in a loss.
inline constexpr int32_t kIgnored = -100;

enum class ProblemType { kSingleLabel, kMultiLabel, kRegression };

/// Targets of the losses; a model reads the fields of its kind. Indices are packed, kIgnored skips.
struct Labels {
  /// Masked LM, pretraining, token classification: (T). Single-label classification: (B).
  /// Multiple choice: (B / choices).
  std::optional<std::vector<int32_t>> classes;
  /// Regression and multi-label classification: (B × labels).
  std::optional<std::vector<float>> targets;
  ProblemType problem_type = ProblemType::kSingleLabel;
  /// Pretraining: (B).
  std::optional<std::vector<int32_t>> sentence_order;
  /// Question answering: (B), token index in the packed sequence; v2: index among its candidates.
  std::optional<std::vector<int32_t>> start_positions;
  std::optional<std::vector<int32_t>> end_positions;
  /// Question answering v2: (B), 1 = no answer.
  std::optional<std::vector<float>> is_impossible;
};

}  // namespace albert::data
