// The numbers that define an ALBERT model, and which heads sit on it.
#pragma once

#include <cstdint>
#include <string>

#include "ops/activation.h"

namespace albert::model {

/// The fields of config.json that shape computation (arXiv 1909.11942, §3; defaults: Hugging Face).
struct Config {
  int64_t vocab_size = 30000;             // V
  int64_t embedding_size = 128;           // E
  int64_t hidden_size = 4096;             // H
  int64_t num_hidden_layers = 12;         // N: how often a layer is applied
  int64_t num_hidden_groups = 1;          // distinct sets of weights among the passes
  int64_t inner_group_num = 1;            // layers inside a group, all run in each pass
  int64_t num_attention_heads = 64;       // A, divides H
  int64_t intermediate_size = 16384;      // F
  int64_t max_position_embeddings = 512;  // P
  int64_t type_vocab_size = 2;
  int64_t num_labels = 2;
  int64_t pad_token_id = 0;
  Activation hidden_act = Activation::kGeluTanh;
  double layer_norm_eps = 1e-12;
  double initializer_range = 0.02;
  double hidden_dropout_prob = 0;
  double attention_probs_dropout_prob = 0;
  double classifier_dropout_prob = 0.1;
};

enum class ModelKind : uint8_t {
  kBase,
  kPreTraining,
  kMaskedLM,
  kSequenceClassification,
  kTokenClassification,
  kQuestionAnswering,
  kQuestionAnsweringV2,
  kMultipleChoice,
};

/// "base", "pretraining", ...; throws Error{kConfig} for anything else.
ModelKind model_kind(const std::string& name);

struct Architecture {
  Config config;
  ModelKind kind = ModelKind::kBase;

  bool has_pooler() const;
  bool has_masked_lm() const;
  /// Whether the heads read some rows of the encoder's output only.
  bool selects_rows() const;
  /// Rows of `classifier.weight`; 0 where the kind has no classifier.
  int64_t classifier_labels() const;

  int64_t layers() const { return config.num_hidden_groups * config.inner_group_num; }
  /// How often a layer is applied in one pass through the encoder: N · inner_group_num.
  int64_t applications() const { return config.num_hidden_layers * config.inner_group_num; }
  /// The layer of an application: group = trunc(pass / (N / groups)) in double arithmetic, as
  /// Hugging Face computes it.
  int64_t layer_of(int64_t application) const;
};

/// Throws Error{kConfig} naming the field: sizes out of range, heads that do not divide H, ...
void validate(const Config& config);

}  // namespace albert::model
