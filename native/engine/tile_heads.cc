// The heads of a tile: which one by kind of model, and where its rows go.
#include <algorithm>

#include "engine/outputs.h"
#include "engine/span_beams.h"
#include "engine/tile.h"
#include "model/heads/classifier.h"
#include "model/heads/masked_lm.h"
#include "model/heads/pooler.h"

namespace albert::engine {

using model::ActivationAllocator;
using model::ModelKind;

namespace {

/// Rows of vocabulary logits that are computed at a time: bounds the memory of the decoder's
/// output.
constexpr int64_t kDecoderRows = 96;

}  // namespace

void TileRunner::run_heads() {
  switch (architecture_.kind) {
    case ModelKind::kBase:
      scatter_tokens(activations_.output, "last_hidden_state");
      return run_pooled_heads();
    case ModelKind::kPreTraining:
      run_masked_lm();
      return run_pooled_heads();
    case ModelKind::kMaskedLM:
      return run_masked_lm();
    case ModelKind::kSequenceClassification:
    case ModelKind::kMultipleChoice:
      return run_pooled_heads();
    case ModelKind::kTokenClassification:
      return run_token_classifier();
    case ModelKind::kQuestionAnswering:
      return run_span();
    case ModelKind::kQuestionAnsweringV2:
      return run_span_v2();
  }
}

void TileRunner::run_pooled_heads() {
  const ActivationAllocator allocate(arena_, backend_, architecture_.config);
  const int64_t B = packed_.sequences();
  const model::PoolerActivations a = allocate.pooler(B);
  model::pooler_forward(*ops_, *weights_, a, activations_.output, batch_);
  if (architecture_.kind == ModelKind::kBase) return scatter_sequences(a.pooled, "pooler_output");
  const bool pretraining = architecture_.kind == ModelKind::kPreTraining;
  const LinearWeight& head = pretraining ? *weights_->sentence_order : *weights_->classifier;
  const Tensor logits = allocate.matrix("logits", B, head.outputs());
  model::classifier_forward(*ops_, head, a.pooled, logits);
  // Choices of one question lie side by side: [B / choices, choices] is [B, 1] in memory.
  scatter_sequences(logits, pretraining ? "sop_logits" : "logits");
}

void TileRunner::run_token_classifier() {
  const ActivationAllocator allocate(arena_, backend_, architecture_.config);
  const Tensor logits = allocate.matrix("logits", activations_.output.rows(),
                                        weights_->classifier->outputs());
  model::classifier_forward(*ops_, *weights_->classifier, activations_.output, logits);
  scatter_tokens(logits, "logits");
}

void TileRunner::run_span() {
  const ActivationAllocator allocate(arena_, backend_, architecture_.config);
  const Tensor logits = allocate.matrix("logits", activations_.output.rows(), 2);
  model::classifier_forward(*ops_, *weights_->qa_outputs, activations_.output, logits);
  scatter_tokens(logits.slice_columns(0, 1), "start_logits");
  scatter_tokens(logits.slice_columns(1, 1), "end_logits");
}

void TileRunner::run_masked_lm() {
  struct Target {
    const Job* job;
    int64_t row;  // of the output, counted over [B, width]
  };
  const char* name = architecture_.kind == ModelKind::kPreTraining ? "prediction_logits" : "logits";
  std::vector<int32_t> rows;
  std::vector<Target> targets;
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const JobRequest& request = job->request;
    const int64_t width = job->output(name).dims[1];
    for (int64_t index = 0; index < head_row_count(request, sequence); ++index) {
      const int32_t token = head_row(request, sequence, index);
      const int32_t row = packed_.cu_seqlens[i] + token - request.batch.cu_seqlens[sequence];
      rows.push_back(output_rows_.empty() ? row : output_rows_[size_t(row)]);
      const int64_t column = request.head_rows ? index : request.columns[size_t(token)];
      targets.push_back({job.get(), sequence * width + column});
    }
  }
  if (rows.empty()) return;
  const ActivationAllocator allocate(arena_, backend_, architecture_.config);
  const int64_t total = int64_t(rows.size()), V = architecture_.config.vocab_size;
  const Tensor device_rows = upload(rows);
  const model::MaskedLMActivations all = allocate.masked_lm(std::min(total, kDecoderRows));
  for (int64_t begin = 0; begin < total; begin += kDecoderRows) {
    const int64_t count = std::min(kDecoderRows, total - begin);
    const model::MaskedLMActivations a = {.rows = all.rows.slice_rows(0, count),
                                          .preactivation = {},
                                          .transform = all.transform.slice_rows(0, count),
                                          .statistics = {},
                                          .normed = all.normed.slice_rows(0, count),
                                          .logits = all.logits.slice_rows(0, count)};
    model::masked_lm_forward(*ops_, *weights_, a, activations_.output,
                             device_rows.slice_columns(begin, count));
    for (int64_t i = 0; i < count; ++i) {
      const Target& target = targets[size_t(begin + i)];
      backend_.enqueue_download(*ops_, target.job->output(name).view(target.row * V, 1, V),
                                a.logits.slice_rows(i, 1));
    }
  }
}

void TileRunner::run_span_v2() {
  SpanBeams beams({*ops_, backend_, arena_, *weights_}, *tile_, packed_);
  beams.run(activations_.output, batch_);
}

}  // namespace albert::engine
