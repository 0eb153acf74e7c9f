// Names and shapes of outputs by kind of model, and the checks of a request.
#include "engine/outputs.h"

#include <algorithm>

namespace albert::engine {

namespace {

using model::Architecture;
using model::ModelKind;

/// Longest list of head rows, or the width where all tokens are computed.
int64_t head_width(const JobRequest& request) {
  if (!request.head_rows) return request.width;
  int64_t longest = 0;
  for (int64_t b = 0; b < request.batch.sequences(); ++b) {
    longest = std::max(longest, head_row_count(request, b));
  }
  return longest;
}

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kRange, message);
}

void validate_columns(const JobRequest& request) {
  if (request.columns.size() != request.batch.tokens.size()) {
    throw Error(ErrorCode::kShape, "columns: expected one for each token");
  }
  for (int64_t b = 0; b < request.batch.sequences(); ++b) {
    int64_t previous = -1;
    for (int32_t t = request.batch.cu_seqlens[b]; t < request.batch.cu_seqlens[b + 1]; ++t) {
      if (request.columns[t] <= previous || request.columns[t] >= request.width) {
        refuse("columns: must rise inside each row and stay below the width");
      }
      previous = request.columns[t];
    }
  }
}

void validate_head_rows(const JobRequest& request) {
  if (!request.head_rows) return;
  const auto& cu = request.head_cu;
  if (int64_t(cu.size()) != request.batch.sequences() + 1 || cu.front() != 0 ||
      int64_t(cu.back()) != int64_t(request.head_rows->size()) ||
      !std::is_sorted(cu.begin(), cu.end())) {
    throw Error(ErrorCode::kShape, "logits_positions: expected one list for each row");
  }
  for (int64_t b = 0; b < request.batch.sequences(); ++b) {
    for (int32_t i = cu[b]; i < cu[b + 1]; ++i) {
      const int32_t row = (*request.head_rows)[i];
      if (row < request.batch.cu_seqlens[b] || row >= request.batch.cu_seqlens[b + 1]) {
        refuse("logits_positions: row " + std::to_string(b) + " names a position outside the row");
      }
    }
  }
}

void validate_choices(const JobRequest& request) {
  if (request.choices < 1 || request.batch.sequences() % request.choices != 0) {
    refuse("choices: " + std::to_string(request.batch.sequences()) + " rows do not divide into " +
           std::to_string(request.choices) + " choices each");
  }
}

void validate_classes(const char* name, const std::vector<int32_t>& labels, int64_t count,
                      int64_t classes) {
  if (int64_t(labels.size()) != count) {
    refuse(std::string(name) + ": expected " + std::to_string(count) + " labels, got " +
           std::to_string(labels.size()));
  }
  for (const int32_t label : labels) {
    if (label != kIgnored && (label < 0 || label >= classes)) {
      refuse(std::string(name) + ": " + std::to_string(label) + " is outside 0 to " +
             std::to_string(classes - 1) + " (-100 is ignored)");
    }
  }
}

int64_t class_count(const Architecture& architecture, const JobRequest& request) {
  if (architecture.has_masked_lm()) return architecture.config.vocab_size;
  return architecture.kind == ModelKind::kMultipleChoice ? request.choices
                                                         : architecture.classifier_labels();
}

int64_t label_count(const Architecture& architecture, const JobRequest& request) {
  const bool tokens =
      architecture.has_masked_lm() || architecture.kind == ModelKind::kTokenClassification;
  if (tokens) return request.batch.size();
  return request.batch.sequences() / request.choices;
}

void validate_positions(const char* name, const JobRequest& request,
                        const std::vector<int32_t>& positions, bool among_candidates) {
  const int64_t sequences = request.batch.sequences();
  if (int64_t(positions.size()) != sequences) {
    refuse(std::string(name) + ": expected one position for each row");
  }
  for (int64_t b = 0; b < sequences; ++b) {
    const int64_t limit = among_candidates ? head_row_count(request, b) : request.batch.length(b);
    if (positions[b] != kIgnored && (positions[b] < 0 || positions[b] >= limit)) {
      refuse(std::string(name) + ": " + std::to_string(positions[b]) + " is outside row " +
             std::to_string(b));
    }
  }
}

void validate_span_labels(const Architecture& architecture, const JobRequest& request) {
  const Labels& labels = *request.labels;
  const bool second = architecture.kind == ModelKind::kQuestionAnsweringV2;
  if (!labels.start_positions || !labels.end_positions || (second && !labels.is_impossible)) {
    refuse(second ? "labels: start_positions, end_positions and is_impossible go together"
                  : "labels: start_positions and end_positions go together");
  }
  validate_positions("start_positions", request, *labels.start_positions, second);
  validate_positions("end_positions", request, *labels.end_positions, second);
  if (second && int64_t(labels.is_impossible->size()) != request.batch.sequences()) {
    refuse("is_impossible: expected one for each row");
  }
}

void validate_labels(const Architecture& architecture, const JobRequest& request) {
  const Labels& labels = *request.labels;
  if (architecture.kind == ModelKind::kBase) refuse("labels: this model has no loss");
  if (labels.start_positions || labels.end_positions) {
    const bool spans = architecture.kind == ModelKind::kQuestionAnswering ||
                       architecture.kind == ModelKind::kQuestionAnsweringV2;
    if (!spans) refuse("start_positions: this model does not answer questions");
    validate_span_labels(architecture, request);
  }
  if (labels.classes) {
    validate_classes("labels", *labels.classes, label_count(architecture, request),
                     class_count(architecture, request));
  }
  if (labels.sentence_order) {
    if (architecture.kind != ModelKind::kPreTraining) refuse("sentence_order_label: no such head");
    validate_classes("sentence_order_label", *labels.sentence_order, request.batch.sequences(), 2);
  }
  if (labels.targets) {
    const int64_t wanted = request.batch.sequences() * architecture.config.num_labels;
    if (architecture.kind != ModelKind::kSequenceClassification ||
        int64_t(labels.targets->size()) != wanted) {
      refuse("labels: expected " + std::to_string(wanted) + " numbers");
    }
  }
}

}  // namespace

int64_t head_row_count(const JobRequest& request, int64_t sequence) {
  return request.head_rows ? request.head_cu[sequence + 1] - request.head_cu[sequence]
                           : request.batch.length(sequence);
}

int32_t head_row(const JobRequest& request, int64_t sequence, int64_t index) {
  return request.head_rows ? (*request.head_rows)[request.head_cu[sequence] + index]
                           : int32_t(request.batch.cu_seqlens[sequence] + index);
}

void validate_request(const Architecture& architecture, const JobRequest& request) {
  validate_columns(request);
  validate_head_rows(request);
  validate_choices(request);
  if (architecture.kind == ModelKind::kQuestionAnsweringV2) {
    for (int64_t b = 0; b < request.batch.sequences(); ++b) {
      if (head_row_count(request, b) < 1) {
        refuse("p_mask: row " + std::to_string(b) + " leaves no position to answer with");
      }
    }
    if (request.start_top < 1 || request.end_top < 1 ||
        request.start_top * request.end_top > 4096) {
      refuse("start_n_top, end_n_top: expected at least 1 each and at most 4096 pairs");
    }
  }
  if (request.labels) validate_labels(architecture, request);
}

std::vector<JobOutput> declare_outputs(const Architecture& architecture,
                                       const JobRequest& request) {
  const model::Config& config = architecture.config;
  const int64_t B = request.batch.sequences(), S = request.width, H = config.hidden_size;
  const DType number = request.float64 ? DType::kF64 : DType::kF32;
  std::vector<JobOutput> outputs;
  const auto add = [&](const char* name, std::vector<int64_t> dims, DType dtype) {
    outputs.emplace_back(name, dtype, std::move(dims));
  };
  switch (architecture.kind) {
    case ModelKind::kBase:
      add("last_hidden_state", {B, S, H}, number);
      add("pooler_output", {B, H}, number);
      break;
    case ModelKind::kPreTraining:
      add("prediction_logits", {B, head_width(request), config.vocab_size}, number);
      add("sop_logits", {B, 2}, number);
      break;
    case ModelKind::kMaskedLM:
      add("logits", {B, head_width(request), config.vocab_size}, number);
      break;
    case ModelKind::kSequenceClassification:
      add("logits", {B, config.num_labels}, number);
      break;
    case ModelKind::kTokenClassification:
      add("logits", {B, S, config.num_labels}, number);
      break;
    case ModelKind::kQuestionAnswering:
      add("start_logits", {B, S}, number);
      add("end_logits", {B, S}, number);
      break;
    case ModelKind::kQuestionAnsweringV2: {
      const int64_t pairs = request.start_top * request.end_top;
      add("start_top_log_probs", {B, request.start_top}, number);
      add("start_top_index", {B, request.start_top}, DType::kI32);
      add("end_top_log_probs", {B, pairs}, number);
      add("end_top_index", {B, pairs}, DType::kI32);
      add("cls_logits", {B}, number);
      break;
    }
    case ModelKind::kMultipleChoice:
      add("logits", {B / request.choices, request.choices}, number);
      break;
  }
  const int64_t passes = config.num_hidden_layers, A = config.num_attention_heads;
  if (request.hidden_states) add("hidden_states", {passes + 1, B, S, H}, number);
  if (request.attentions) {
    add("attentions", {passes * config.inner_group_num, B, A, S, S}, number);
  }
  return outputs;
}

}  // namespace albert::engine
