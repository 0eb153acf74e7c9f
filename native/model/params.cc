// The list of parameters.
#include "model/params.h"

namespace albert::model {

namespace {

using Visit = std::function<void(const ParameterSpec&, Tensor&)>;

void visit_linear(const Visit& visit, const std::string& name, LinearParams& params,
                  int64_t outputs, int64_t inputs) {
  visit({name + ".weight", {outputs, inputs}, ParameterKind::kMatrix}, params.weight);
  visit({name + ".bias", {outputs}, ParameterKind::kBias}, params.bias);
}

void visit_norm(const Visit& visit, const std::string& name, NormParams& params, int64_t columns) {
  visit({name + ".weight", {columns}, ParameterKind::kNormWeight}, params.weight);
  visit({name + ".bias", {columns}, ParameterKind::kNormBias}, params.bias);
}

void visit_embeddings(const Visit& visit, EmbeddingParams& params, const Config& config) {
  const std::string prefix = "albert.embeddings.";
  const int64_t E = config.embedding_size;
  const auto table = [&](const char* name, int64_t rows, Tensor& tensor) {
    visit({prefix + name + ".weight", {rows, E}, ParameterKind::kTable}, tensor);
  };
  table("word_embeddings", config.vocab_size, params.word);
  table("token_type_embeddings", config.type_vocab_size, params.segment);
  table("position_embeddings", config.max_position_embeddings, params.position);
  visit_norm(visit, prefix + "LayerNorm", params.norm, E);
}

void visit_layer(const Visit& visit, const std::string& prefix, LayerParams& layer,
                 const Config& config) {
  const int64_t H = config.hidden_size, F = config.intermediate_size;
  visit_linear(visit, prefix + "attention.query", layer.query, H, H);
  visit_linear(visit, prefix + "attention.key", layer.key, H, H);
  visit_linear(visit, prefix + "attention.value", layer.value, H, H);
  visit_linear(visit, prefix + "attention.dense", layer.attention_output, H, H);
  visit_norm(visit, prefix + "attention.LayerNorm", layer.attention_norm, H);
  visit_linear(visit, prefix + "ffn", layer.ffn, F, H);
  visit_linear(visit, prefix + "ffn_output", layer.ffn_output, H, F);
  visit_norm(visit, prefix + "full_layer_layer_norm", layer.full_layer_norm, H);
}

void visit_span_v2(const Visit& visit, SpanV2Params& params, int64_t H) {
  visit_linear(visit, "start_logits.dense", params.start, 1, H);
  visit_linear(visit, "end_logits.dense_0", params.end_hidden, H, 2 * H);
  visit_norm(visit, "end_logits.LayerNorm", params.end_norm, H);
  visit_linear(visit, "end_logits.dense_1", params.end, 1, H);
  visit_linear(visit, "answer_class.dense_0", params.answer_hidden, H, 2 * H);
  visit({"answer_class.dense_1.weight", {1, H}, ParameterKind::kMatrix}, params.answer.weight);
}

void visit_heads(const Visit& visit, AlbertParams& params, const Architecture& architecture) {
  const Config& config = architecture.config;
  const int64_t H = config.hidden_size, E = config.embedding_size;
  if (architecture.has_masked_lm()) {
    visit_linear(visit, "predictions.dense", params.masked_lm.dense, E, H);
    visit_norm(visit, "predictions.LayerNorm", params.masked_lm.norm, E);
    visit({"predictions.bias", {config.vocab_size}, ParameterKind::kBias}, params.masked_lm.bias);
  }
  if (architecture.kind == ModelKind::kPreTraining) {
    visit_linear(visit, "sop_classifier.classifier", params.sentence_order, 2, H);
  }
  if (const int64_t labels = architecture.classifier_labels()) {
    visit_linear(visit, "classifier", params.classifier, labels, H);
  }
  if (architecture.kind == ModelKind::kQuestionAnswering) {
    visit_linear(visit, "qa_outputs", params.qa_outputs, 2, H);
  }
  if (architecture.kind == ModelKind::kQuestionAnsweringV2) visit_span_v2(visit, params.span_v2, H);
}

}  // namespace

void allocate(AlbertParams& params, const Architecture& architecture, Arena& arena, DType dtype) {
  const int64_t H = architecture.config.hidden_size;
  params.layers.resize(size_t(architecture.layers()));
  for (LayerParams& layer : params.layers) {
    layer.qkv = {.weight = arena.allocate("parameters", dtype, {3 * H, H}),
                 .bias = arena.allocate("parameters", dtype, {3 * H})};
    int64_t first = 0;
    for (LinearParams* part : {&layer.query, &layer.key, &layer.value}) {
      *part = {.weight = layer.qkv.weight.slice_rows(first, H),
               .bias = layer.qkv.bias.slice_columns(first, H)};
      first += H;
    }
  }
  for_each(params, architecture, [&](const ParameterSpec& spec, Tensor& tensor) {
    if (tensor) return;
    tensor = spec.shape.size() == 1
                 ? arena.allocate("parameters", dtype, {spec.shape[0]})
                 : arena.allocate("parameters", dtype, {spec.shape[0], spec.shape[1]});
  });
}

void for_each(AlbertParams& params, const Architecture& architecture, const Visit& visit) {
  const Config& config = architecture.config;
  params.layers.resize(size_t(architecture.layers()));
  visit_embeddings(visit, params.embeddings, config);
  visit_linear(visit, "albert.encoder.embedding_hidden_mapping_in", params.mapping,
               config.hidden_size, config.embedding_size);
  for (int64_t layer = 0; layer < architecture.layers(); ++layer) {
    const std::string prefix = "albert.encoder.albert_layer_groups." +
                               std::to_string(layer / config.inner_group_num) + ".albert_layers." +
                               std::to_string(layer % config.inner_group_num) + ".";
    visit_layer(visit, prefix, params.layers[size_t(layer)], config);
  }
  if (architecture.has_pooler()) {
    visit_linear(visit, "albert.pooler", params.pooler, config.hidden_size, config.hidden_size);
  }
  visit_heads(visit, params, architecture);
}

}  // namespace albert::model
