// Shapes of the activations.
#include "model/activations.h"

namespace albert::model {

EncoderActivations ActivationAllocator::encoder(int64_t tokens, int64_t probabilities,
                                                int64_t selected) const {
  const int64_t H = config_.hidden_size, E = config_.embedding_size, F = config_.intermediate_size;
  EncoderActivations a;
  a.embeddings = {.sum = matrix("embeddings", tokens, E),
                  .normed = matrix("embeddings", tokens, E)};
  a.hidden = layer_matrix("hidden", tokens, H);
  a.layer = {.hidden = a.hidden,
             .qkv = layer_matrix("qkv", tokens, 3 * H),
             .context = layer_matrix("context", tokens, H),
             .projection = matrix("projection", tokens, H),
             .attended = layer_matrix("attended", tokens, H),
             .intermediate = layer_matrix("intermediate", tokens, F),
             .ffn_output = matrix("ffn_output", tokens, H),
             .probabilities = {},
             .queries = {},
             .selected = {}};
  if (probabilities > 0) {
    a.layer.probabilities = arena_.allocate("probabilities", master_, {probabilities});
  }
  a.last_layer = selected > 0 ? select(a.layer, selected) : a.layer;
  a.last = selected > 0 ? a.last_layer.selected : a.hidden;
  a.output = dtype_ == master_ ? a.last : matrix("encoder output", a.last.rows(), H);
  return a;
}

LayerActivations ActivationAllocator::select(const LayerActivations& all, int64_t rows) const {
  const int64_t H = config_.hidden_size;
  LayerActivations a = all;
  a.queries = layer_matrix("selected rows", rows, H);
  a.selected = layer_matrix("selected rows", rows, H);
  for (Tensor* tensor : {&a.context, &a.projection, &a.attended, &a.intermediate, &a.ffn_output}) {
    *tensor = tensor->slice_rows(0, rows);
  }
  return a;
}

PoolerActivations ActivationAllocator::pooler(int64_t sequences) const {
  const int64_t H = config_.hidden_size;
  return {.first = matrix("pooler", sequences, H), .pooled = matrix("pooler", sequences, H)};
}

MaskedLMActivations ActivationAllocator::masked_lm(int64_t rows) const {
  const int64_t H = config_.hidden_size, E = config_.embedding_size, V = config_.vocab_size;
  return {.rows = matrix("masked_lm", rows, H),
          .transform = matrix("masked_lm", rows, E),
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
          .answer_hidden = matrix("span_v2", sequences, H),
          .answer_logits = matrix("span_v2", sequences, 1),
          .end_input = end_input,
          .end_hidden = matrix("span_v2", candidates, H),
          .end_normed = matrix("span_v2", candidates, H),
          .end_logits = matrix("span_v2", candidates, 1),
          .end_log_probs = vector(candidates)};
}

}  // namespace albert::model
