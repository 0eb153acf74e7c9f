// Shapes of what training computes.
#include "model/training.h"

namespace albert::model {

namespace {

int64_t rows_of_output(const Batch& batch) {
  return batch.selection.rows ? batch.selection.rows.size() : batch.size();
}

LayerDropout layer_dropout(const DropoutPlan& plan, int64_t application, const RowOrigins& rows) {
  return {.probabilities = plan.at(DropoutSite::kProbabilities, application, rows),
          .projection = plan.at(DropoutSite::kProjection, application, rows),
          .ffn_output = plan.at(DropoutSite::kFfnOutput, application, rows)};
}

double probability_at(const DropoutPlan& plan, DropoutSite site) {
  switch (site) {
    case DropoutSite::kEmbeddings:
    case DropoutSite::kProjection:
      return plan.hidden;
    case DropoutSite::kProbabilities:
      return plan.probabilities;
    case DropoutSite::kFfnOutput:
      return plan.ffn_output;
    case DropoutSite::kHead:
      return plan.head;
  }
  return 0;
}

}  // namespace

Dropout DropoutPlan::at(DropoutSite site, int64_t application, const RowOrigins& rows) const {
  const double probability = probability_at(*this, site);
  if (probability == 0) return {};
  return {.probability = probability,
          .key = dropout_key(seed, update, uint32_t(site), uint32_t(application)),
          .rows = rows};
}

NormStatistics TrainingAllocator::statistics(const char* name, int64_t rows) const {
  return {.mean = arena_.allocate(name, master_, {rows}),
          .rstd = arena_.allocate(name, master_, {rows})};
}

LayerActivations TrainingAllocator::interior(const Tensor& qkv, int64_t rows) const {
  const int64_t H = config_.hidden_size, F = config_.intermediate_size;
  LayerActivations a = {};
  a.qkv = qkv;
  a.context = layer_matrix("context", rows, H);
  a.log_sum_exp = arena_.allocate("statistics", master_, {rows, config_.num_attention_heads});
  a.projection = layer_matrix("projection", rows, H);
  a.attention_norm = statistics("statistics", rows);
  a.attended = layer_matrix("attended", rows, H);
  a.preactivation = layer_matrix("preactivation", rows, F);
  a.intermediate = layer_matrix("intermediate", rows, F);
  a.ffn_output = layer_matrix("ffn_output", rows, H);
  a.full_layer_norm = statistics("statistics", rows);
  return a;
}

EncoderActivations TrainingAllocator::encoder(const Batch& batch, Keep keep,
                                              const DropoutPlan& plan) const {
  const int64_t T = batch.size(), K = rows_of_output(batch);
  const int64_t H = config_.hidden_size, E = config_.embedding_size;
  EncoderActivations a;
  a.keep = keep;
  a.embeddings = {.sum = matrix("embeddings", T, E),
                  .statistics = statistics("embeddings", T),
                  .normed = matrix("embeddings", T, E),
                  .dropout = plan.at(DropoutSite::kEmbeddings, 0, batch.origins)};
  const int64_t applications = config_.num_hidden_layers * config_.inner_group_num;
  LayerActivations shared = {};
  Tensor hidden = layer_matrix("hidden", T, H);
  for (int64_t i = 0; i < applications; ++i) {
    const bool selected = i + 1 == applications && batch.selection.rows;
    const Tensor qkv = shared.qkv ? shared.qkv : layer_matrix("qkv", T, 3 * H);
    LayerActivations block = shared.qkv && !selected ? shared : interior(qkv, selected ? K : T);
    if (keep == Keep::kInputs && !shared.qkv) shared = block;
    block.hidden = hidden;
    block.output = hidden = layer_matrix("hidden", selected ? K : T, H);
    if (selected) block.queries = layer_matrix("selected rows", K, H);
    if (selected) block.selected = layer_matrix("selected rows", K, H);
    block.dropout = layer_dropout(plan, i, selected ? batch.selection.origins : batch.origins);
    a.blocks.push_back(block);
  }
  const Tensor& last = a.last();
  a.output = dtype_ == master_ ? last : matrix("encoder output", last.rows(), last.columns());
  return a;
}

EncoderGradients TrainingAllocator::encoder_gradients(const Batch& batch) const {
  const int64_t T = batch.size(), K = rows_of_output(batch);
  const int64_t H = config_.hidden_size, E = config_.embedding_size, F = config_.intermediate_size;
  const char* name = "gradients of activations";
  LayerGradients all = {};
  all.output = all.hidden = all.residual = layer_matrix(name, T, H);
  all.branch = layer_matrix(name, T, H);
  all.attended = layer_matrix(name, T, H);
  all.intermediate = layer_matrix(name, T, F);
  all.context = layer_matrix(name, T, H);
  all.qkv = layer_matrix(name, T, 3 * H);
  LayerGradients last = all;
  if (batch.selection.rows) {
    for (Tensor* tensor : {&last.branch, &last.attended, &last.intermediate, &last.context}) {
      *tensor = tensor->slice_rows(0, K);
    }
    last.output = last.residual = layer_matrix(name, K, H);
    last.queries = layer_matrix(name, K, H);
  }
  return {.heads = dtype_ == master_ ? last.output : matrix(name, K, H),
          .layer = all,
          .last_layer = last,
          .embeddings = {.hidden = all.hidden, .normed = matrix(name, T, E), .padding_token = -1}};
}

PoolerActivations TrainingAllocator::pooler(int64_t sequences) const {
  const int64_t H = config_.hidden_size;
  return {.first = matrix("pooler", sequences, H),
          .preactivation = matrix("pooler", sequences, H),
          .pooled = matrix("pooler", sequences, H)};
}

PoolerGradients TrainingAllocator::pooler_gradients(int64_t sequences, const Tensor& hidden) const {
  const int64_t H = config_.hidden_size;
  return {.pooled = matrix("pooler", sequences, H),
          .first = matrix("pooler", sequences, H),
          .hidden = hidden};
}

MaskedLMActivations TrainingAllocator::masked_lm(int64_t rows) const {
  const int64_t H = config_.hidden_size, E = config_.embedding_size, V = config_.vocab_size;
  return {.rows = matrix("masked_lm", rows, H),
          .preactivation = matrix("masked_lm", rows, E),
          .transform = matrix("masked_lm", rows, E),
          .statistics = statistics("masked_lm", rows),
          .normed = matrix("masked_lm", rows, E),
          .logits = matrix("masked_lm logits", rows, V)};
}

MaskedLMGradients TrainingAllocator::masked_lm_gradients(const MaskedLMActivations& a,
                                                         const Tensor& hidden) const {
  const int64_t rows = a.rows.rows();
  return {.logits = a.logits,
          .normed = matrix("masked_lm", rows, config_.embedding_size),
          .rows = matrix("masked_lm", rows, config_.hidden_size),
          .hidden = hidden};
}

SpanV2Activations TrainingAllocator::span_v2(int64_t candidates, int64_t sequences) const {
  SpanV2Activations a =
      ActivationAllocator(arena_, backend_, config_).span_v2(candidates, sequences);
  a.answer_preactivation = matrix("span_v2", sequences, config_.hidden_size);
  a.end_preactivation = matrix("span_v2", candidates, config_.hidden_size);
  a.end_norm = statistics("span_v2", candidates);
  return a;
}

SpanV2Gradients TrainingAllocator::span_v2_gradients(const SpanV2Activations& a,
                                                     const Tensor& hidden) const {
  const int64_t H = config_.hidden_size;
  const int64_t candidates = a.candidates.rows(), sequences = a.answer_input.rows();
  return {.start_logits = a.start_logits,
          .end_logits = a.end_logits,
          .answer_logits = a.answer_logits,
          .start_probs = arena_.allocate("span_v2", master_, {candidates}),
          .candidates = matrix("span_v2", candidates, H),
          .answer_input = matrix("span_v2", sequences, 2 * H),
          .answer_hidden = matrix("span_v2", sequences, H),
          .end_input = matrix("span_v2", candidates, 2 * H),
          .end_hidden = matrix("span_v2", candidates, H),
          .hidden = hidden};
}

}  // namespace albert::model
