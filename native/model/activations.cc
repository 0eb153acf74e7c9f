// Shapes of the activations.
#include "model/activations.h"

namespace albert::model {

EncoderActivations ActivationAllocator::encoder(int64_t tokens, int64_t probabilities,
                                                int64_t selected) const {
  const int64_t E = config_.embedding_size;
  EncoderActivations a;
  a.embeddings = {.sum = matrix("embeddings", tokens, E),
                  .statistics = {},
                  .normed = matrix("embeddings", tokens, E),
                  .dropout = {}};
  const auto blocks = size_t(config_.num_hidden_layers * config_.inner_group_num);
  a.blocks.assign(blocks, layer(tokens, probabilities));
  if (selected > 0) a.blocks.back() = select(a.blocks.front(), selected);
  const Tensor& last = a.last();
  a.output = dtype_ == master_ ? last : matrix("encoder output", last.rows(), last.columns());
  return a;
}

LayerActivations ActivationAllocator::layer(int64_t tokens, int64_t probabilities) const {
  const int64_t H = config_.hidden_size;
  LayerActivations a = {};
  a.hidden = a.output = layer_matrix("hidden", tokens, H);
  a.qkv = layer_matrix("qkv", tokens, 3 * H);
  a.context = layer_matrix("context", tokens, H);
  a.projection = matrix("projection", tokens, H);
  a.attended = layer_matrix("attended", tokens, H);
  a.intermediate = layer_matrix("intermediate", tokens, config_.intermediate_size);
  a.ffn_output = matrix("ffn_output", tokens, H);
  if (probabilities > 0) {
    a.probabilities = arena_.allocate("probabilities", master_, {probabilities});
  }
  return a;
}

LayerActivations ActivationAllocator::select(const LayerActivations& all, int64_t rows) const {
  const int64_t H = config_.hidden_size;
  LayerActivations a = all;
  a.queries = layer_matrix("selected rows", rows, H);
  a.selected = a.output = layer_matrix("selected rows", rows, H);
  for (Tensor* tensor : {&a.context, &a.projection, &a.attended, &a.intermediate, &a.ffn_output}) {
    *tensor = tensor->slice_rows(0, rows);
  }
  return a;
}

PoolerActivations ActivationAllocator::pooler(int64_t sequences) const {
  const int64_t H = config_.hidden_size;
  return {.first = matrix("pooler", sequences, H),
          .preactivation = {},
          .pooled = matrix("pooler", sequences, H)};
}

MaskedLMActivations ActivationAllocator::masked_lm(int64_t rows) const {
  const int64_t H = config_.hidden_size, E = config_.embedding_size, V = config_.vocab_size;
  return {.rows = matrix("masked_lm", rows, H),
          .preactivation = {},
          .transform = matrix("masked_lm", rows, E),
          .statistics = {},
          .normed = matrix("masked_lm", rows, E),
          .logits = matrix("masked_lm", rows, V)};
}

SpanV2Activations ActivationAllocator::span_v2(int64_t candidates, int64_t sequences) const {
  const int64_t H = config_.hidden_size;
  const auto vector = [&](int64_t size) { return arena_.allocate("span_v2", master_, {size}); };
  const Tensor end_input = matrix("span_v2", candidates, 2 * H);
  return {.candidates = end_input.slice_columns(0, H),
          .start_logits = matrix("span_v2", candidates, 1),
          .start_log_probs = vector(candidates),
          .start_probs = vector(candidates),
          .answer_input = matrix("span_v2", sequences, 2 * H),
          .answer_preactivation = {},
          .answer_hidden = matrix("span_v2", sequences, H),
          .answer_logits = matrix("span_v2", sequences, 1),
          .end_input = end_input,
          .end_preactivation = {},
          .end_hidden = matrix("span_v2", candidates, H),
          .end_norm = {},
          .end_normed = matrix("span_v2", candidates, H),
          .end_logits = matrix("span_v2", candidates, 1),
          .end_log_probs = vector(candidates),
          .answer_dropout = {}};
}

}  // namespace albert::model
