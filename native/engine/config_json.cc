// Field by field, with the errors that a person needs.
#include "engine/config_json.h"

#include <string>

#include "core/error.h"
#include "formats/json.h"

namespace albert::engine {

namespace {

using formats::JsonValue;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kConfig, "config: " + message);
}

/// A field that is there and not null.
const JsonValue* find_field(const JsonValue& json, const char* name) {
  const JsonValue* value = json.find(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

void read_size(const JsonValue& json, const char* name, int64_t& field) {
  const JsonValue* value = find_field(json, name);
  if (value == nullptr) return;
  const int64_t* integer = value->if_integer();
  if (integer == nullptr) {
    refuse(std::string(name) + " must be a whole number, found " + value->kind());
  }
  field = *integer;
}

void require_size(const JsonValue& json, const char* name, int64_t& field) {
  if (find_field(json, name) == nullptr) refuse(std::string(name) + " is missing");
  read_size(json, name, field);
}

void read_number(const JsonValue& json, const char* name, double& field) {
  const JsonValue* value = find_field(json, name);
  if (value == nullptr) return;
  const auto number = value->if_number();
  if (!number) refuse(std::string(name) + " must be a number, found " + value->kind());
  field = *number;
}

std::string read_word(const JsonValue& json, const char* name, const char* fallback) {
  const JsonValue* value = find_field(json, name);
  if (value == nullptr) return fallback;
  const std::string* word = value->if_string();
  if (word == nullptr) refuse(std::string(name) + " must be a string, found " + value->kind());
  return *word;
}

Activation parse_activation(const std::string& name) {
  if (name == "gelu") return Activation::kGeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  if (name == "tanh") return Activation::kTanh;
  refuse("hidden_act " + formats::quote_for_message(name) +
         " is not supported; use gelu_new, gelu, relu or tanh");
}

/// num_labels and id2label say the same thing twice; Hugging Face writes one or both.
void read_labels(const JsonValue& json, model::Config& config) {
  read_size(json, "num_labels", config.num_labels);
  const JsonValue* names = find_field(json, "id2label");
  if (names == nullptr) return;
  const auto* object = names->if_object();
  if (object == nullptr) refuse("id2label must be an object of names");
  const int64_t count = int64_t(object->members().size());
  if (find_field(json, "num_labels") != nullptr && config.num_labels != count) {
    refuse("num_labels is " + std::to_string(config.num_labels) + " but id2label names " +
           std::to_string(count) + " labels");
  }
  config.num_labels = count;
}

void refuse_unsupported(const JsonValue& json) {
  const std::string type = read_word(json, "model_type", "albert");
  if (type != "albert") {
    refuse("model_type is " + formats::quote_for_message(type) + "; this engine runs albert only");
  }
  const std::string positions = read_word(json, "position_embedding_type", "absolute");
  if (positions != "absolute") {
    refuse("position_embedding_type " + formats::quote_for_message(positions) +
           " is not supported; only absolute positions are");
  }
}

}  // namespace

model::Config parse_config(std::string_view text) {
  JsonValue json;
  try {
    json = formats::parse_json(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::kConfig, std::string("config: not valid JSON: ") + error.what());
  }
  if (json.if_object() == nullptr) refuse(std::string("expected an object, found ") + json.kind());
  refuse_unsupported(json);

  model::Config config;
  require_size(json, "vocab_size", config.vocab_size);
  require_size(json, "hidden_size", config.hidden_size);
  require_size(json, "num_hidden_layers", config.num_hidden_layers);
  require_size(json, "num_attention_heads", config.num_attention_heads);
  require_size(json, "intermediate_size", config.intermediate_size);
  read_size(json, "embedding_size", config.embedding_size);
  read_size(json, "num_hidden_groups", config.num_hidden_groups);
  read_size(json, "inner_group_num", config.inner_group_num);
  read_size(json, "max_position_embeddings", config.max_position_embeddings);
  read_size(json, "type_vocab_size", config.type_vocab_size);
  read_size(json, "pad_token_id", config.pad_token_id);
  read_number(json, "layer_norm_eps", config.layer_norm_eps);
  read_number(json, "initializer_range", config.initializer_range);
  read_number(json, "hidden_dropout_prob", config.hidden_dropout_prob);
  read_number(json, "attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  read_number(json, "classifier_dropout_prob", config.classifier_dropout_prob);
  read_labels(json, config);
  config.hidden_act = parse_activation(read_word(json, "hidden_act", "gelu_new"));
  model::validate(config);
  return config;
}

}  // namespace albert::engine
