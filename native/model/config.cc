// Checks of the configuration, and what follows from it.
#include "model/config.h"

#include <cmath>

#include "core/error.h"

namespace albert::model {

namespace {

struct SizeRule {
  const char* field;
  int64_t value;
  int64_t most;
};

void validate_sizes(const Config& config) {
  constexpr int64_t kWide = 1 << 16, kMany = 1 << 24;
  const SizeRule rules[] = {
      {"vocab_size", config.vocab_size, kMany},
      {"embedding_size", config.embedding_size, kWide},
      {"hidden_size", config.hidden_size, kWide},
      {"num_hidden_layers", config.num_hidden_layers, 1024},
      {"num_hidden_groups", config.num_hidden_groups, 1024},
      {"inner_group_num", config.inner_group_num, 64},
      {"num_attention_heads", config.num_attention_heads, kWide},
      {"intermediate_size", config.intermediate_size, 4 * kWide},
      {"max_position_embeddings", config.max_position_embeddings, kWide},
      {"type_vocab_size", config.type_vocab_size, kWide},
      {"num_labels", config.num_labels, kWide},
  };
  for (const SizeRule& rule : rules) {
    if (rule.value >= 1 && rule.value <= rule.most) continue;
    throw Error(ErrorCode::kConfig, std::string("config: ") + rule.field + " is " +
                                        std::to_string(rule.value) + ", expected 1 to " +
                                        std::to_string(rule.most));
  }
}

void validate_probability(const char* field, double value) {
  if (value >= 0 && value < 1) return;
  throw Error(ErrorCode::kConfig, std::string("config: ") + field + " is " + std::to_string(value) +
                                      ", expected 0 or more, less than 1");
}

}  // namespace

void validate(const Config& config) {
  validate_sizes(config);
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(ErrorCode::kConfig,
                "config: num_attention_heads (" + std::to_string(config.num_attention_heads) +
                    ") does not divide hidden_size (" + std::to_string(config.hidden_size) + ")");
  }
  if (config.num_hidden_groups > config.num_hidden_layers) {
    throw Error(ErrorCode::kConfig, "config: num_hidden_groups exceeds num_hidden_layers");
  }
  if (config.pad_token_id < 0 || config.pad_token_id >= config.vocab_size) {
    throw Error(ErrorCode::kConfig, "config: pad_token_id is outside the vocabulary");
  }
  if (!(config.layer_norm_eps > 0 && config.layer_norm_eps < 1)) {
    throw Error(ErrorCode::kConfig, "config: layer_norm_eps must lie between 0 and 1");
  }
  validate_probability("hidden_dropout_prob", config.hidden_dropout_prob);
  validate_probability("attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  validate_probability("classifier_dropout_prob", config.classifier_dropout_prob);
  if (!(config.initializer_range > 0 && config.initializer_range < 100)) {
    throw Error(ErrorCode::kConfig, "config: initializer_range must lie between 0 and 100");
  }
}

ModelKind model_kind(const std::string& name) {
  if (name == "base") return ModelKind::kBase;
  if (name == "pretraining") return ModelKind::kPreTraining;
  if (name == "masked_lm") return ModelKind::kMaskedLM;
  if (name == "sequence_classification") return ModelKind::kSequenceClassification;
  if (name == "token_classification") return ModelKind::kTokenClassification;
  if (name == "question_answering") return ModelKind::kQuestionAnswering;
  if (name == "question_answering_v2") return ModelKind::kQuestionAnsweringV2;
  if (name == "multiple_choice") return ModelKind::kMultipleChoice;
  throw Error(ErrorCode::kConfig, "unknown kind of model \"" + name + "\"");
}

bool Architecture::has_pooler() const {
  return kind == ModelKind::kBase || kind == ModelKind::kPreTraining ||
         kind == ModelKind::kSequenceClassification || kind == ModelKind::kMultipleChoice;
}

bool Architecture::has_masked_lm() const {
  return kind == ModelKind::kMaskedLM || kind == ModelKind::kPreTraining;
}

bool Architecture::selects_rows() const {
  return has_masked_lm() || (has_pooler() && kind != ModelKind::kBase);
}

int64_t Architecture::classifier_labels() const {
  if (kind == ModelKind::kMultipleChoice) return 1;
  const bool labelled =
      kind == ModelKind::kSequenceClassification || kind == ModelKind::kTokenClassification;
  return labelled ? config.num_labels : 0;
}

int64_t Architecture::layer_of(int64_t application) const {
  const int64_t pass = application / config.inner_group_num;
  const int64_t inner = application % config.inner_group_num;
  const double passes_per_group =
      double(config.num_hidden_layers) / double(config.num_hidden_groups);
  return int64_t(std::trunc(double(pass) / passes_per_group)) * config.inner_group_num + inner;
}

}  // namespace albert::model
