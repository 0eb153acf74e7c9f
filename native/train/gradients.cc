// The loss of a batch and its gradient: pack, forward, heads, backward.
#include "train/gradients.h"

#include <numeric>

#include "core/error.h"

namespace albert::train {

namespace {

/// Training looks at nothing on the way.
class StopObserver : public model::PassObserver {
 public:
  explicit StopObserver(const std::atomic<bool>* stop) : stop_(stop) {}
  bool on_hidden(int64_t, const Tensor&) override { return stop_ == nullptr || !*stop_; }
  void on_attention(int64_t, const Tensor&) override {}

 private:
  const std::atomic<bool>* stop_;
};

model::DropoutPlan dropout_plan(const model::Config& config, const GradientOptions& options) {
  if (!options.dropout) return {};
  const bool google = options.dialect == Dialect::kGoogle;
  return {.hidden = config.hidden_dropout_prob,
          .probabilities = config.attention_probs_dropout_prob,
          .ffn_output = google ? config.hidden_dropout_prob : 0,
          .head = config.classifier_dropout_prob,
          .seed = options.seed,
          .update = options.update};
}

}  // namespace

GradientRunner::GradientRunner(const model::Architecture& architecture,
                               std::shared_ptr<Backend> backend, int threads)
    : architecture_(architecture),
      backend_(std::move(backend)),
      ops_(backend_->executor(threads)),
      arena_(*backend_, Arena::kGrowthOfRuns) {}

/// [CLS] for the pooler, labelled tokens for the masked LM; ascending.
std::vector<int32_t> GradientRunner::rows_that_heads_read(const TrainingBatch& request) const {
  const data::PackedBatch& batch = request.batch;
  std::vector<bool> read(batch.tokens.size(), !architecture_.selects_rows());
  if (architecture_.has_pooler()) {
    for (int64_t b = 0; b < batch.sequences(); ++b)
      read[size_t(batch.cu_seqlens[size_t(b)])] = true;
  }
  if (architecture_.has_masked_lm() && request.labels.classes) {
    const std::vector<int32_t>& labels = *request.labels.classes;
    for (size_t t = 0; t < labels.size(); ++t) read[t] = read[t] || labels[t] != data::kIgnored;
  }
  std::vector<int32_t> rows;
  for (size_t t = 0; t < read.size(); ++t) {
    if (read[t]) rows.push_back(int32_t(t));
  }
  return rows;
}

RowOrigins GradientRunner::upload_origins(const TrainingBatch& request,
                                          const std::vector<int32_t>& rows) {
  const std::vector<int32_t>& cu_seqlens = request.batch.cu_seqlens;
  std::vector<int32_t> sequences, positions;
  size_t b = 0;
  for (const int32_t row : rows) {
    while (row >= cu_seqlens[b + 1]) ++b;
    sequences.push_back(int32_t(request.first_sequence) + int32_t(b));
    positions.push_back(row - cu_seqlens[b]);
  }
  return {.sequences = upload(sequences), .positions = upload(positions)};
}

model::Batch GradientRunner::upload_batch(const TrainingBatch& request, bool select) {
  const data::PackedBatch& packed = request.batch;
  std::vector<int32_t> all(packed.tokens.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<int32_t> first(packed.cu_seqlens.begin(), packed.cu_seqlens.end() - 1);
  model::Batch batch = {.tokens = upload(packed.tokens),
                        .segments = upload(packed.segments),
                        .positions = upload(packed.positions),
                        .cu_seqlens = upload(packed.cu_seqlens),
                        .selection = {},
                        .first_rows = {},
                        .origins = upload_origins(request, all),
                        .first_origins = upload_origins(request, first)};
  output_rows_.clear();
  const std::vector<int32_t> kept = rows_that_heads_read(request);
  if (select && !kept.empty() && kept.size() < all.size()) {
    output_rows_.assign(all.size(), -1);
    std::vector<int32_t> cu_seqlens = {0};
    size_t k = 0;
    for (int64_t b = 0; b < packed.sequences(); ++b) {
      for (; k < kept.size() && kept[k] < packed.cu_seqlens[size_t(b) + 1]; ++k) {
        output_rows_[size_t(kept[k])] = int32_t(k);
      }
      cu_seqlens.push_back(int32_t(k));
    }
    batch.selection = {.rows = upload(kept),
                       .cu_seqlens = upload(cu_seqlens),
                       .origins = upload_origins(request, kept)};
    for (int32_t& row : first) row = output_rows_[size_t(row)];
  }
  batch.first_rows = upload(first);
  return batch;
}

/// Where the device's memory has a bound: takes what the batch needs in one piece, or refuses it.
void GradientRunner::make_room(const model::AlbertWeights& weights, const model::AlbertParams& dw,
                               const TrainingBatch& request, const LossCounts& counts,
                               const GradientOptions& options) {
  if (backend_->in_host_memory()) return;
  const int64_t candidates = request.candidates ? int64_t(request.candidates->size()) : -1;
  const RoomMemo::Sizes sizes = {request.batch.size(),
                                 request.batch.sequences(),
                                 int64_t(rows_that_heads_read(request).size()),
                                 candidates,
                                 int64_t(options.keep),
                                 int64_t(options.dropout) | int64_t(options.backward) << 1 |
                                     int64_t(options.select_rows) << 2};
  if (room_.has(sizes)) return;
  const std::shared_ptr<Backend> planner = backend_->planner();
  if (!planner) return;
  GradientOptions asked = options;
  asked.stop = nullptr;
  GradientRunner planned(architecture_, planner, 1);
  planned.run(weights, dw, request, counts, asked);
  reserve_room("an update over " + std::to_string(sizes[0]) + " tokens", *backend_,
               {.arena = arena_, .ops = *ops_}, {.arena = planned.arena_, .ops = *planned.ops_});
  room_.add(sizes);
}

PendingLosses GradientRunner::run(const model::AlbertWeights& weights,
                                  const model::AlbertParams& dw, const TrainingBatch& request,
                                  const LossCounts& counts, const GradientOptions& options) {
  const model::Config& config = architecture_.config;
  const model::DropoutPlan plan = dropout_plan(config, options);
  make_room(weights, dw, request, counts, options);
  arena_.reset();
  const model::Batch batch = upload_batch(request, options.select_rows);
  const model::TrainingAllocator allocate(arena_, *backend_, config);
  const model::EncoderActivations a = allocate.encoder(batch, options.keep, plan);
  StopObserver observer(options.stop);
  if (!model::encoder_forward(*ops_, weights, a, batch, observer)) {
    throw Error(ErrorCode::kAborted, "the update was stopped; no weight has changed");
  }

  model::EncoderGradients d = allocate.encoder_gradients(batch);
  const bool google = options.dialect == Dialect::kGoogle;
  d.embeddings.padding_token = google ? -1 : int32_t(config.pad_token_id);
  backend_->enqueue_zero(*ops_, d.output());
  const model::BackwardScope scope{*ops_, weights, dw};
  const PendingLosses losses = head_gradients({.scope = scope,
                                        .backend = *backend_,
                                        .arena = arena_,
                                        .request = request,
                                        .counts = counts,
                                        .batch = batch,
                                        .dropout = plan,
                                        .dialect = options.dialect,
                                        .output_rows = output_rows_,
                                        .output = a.output,
                                        .doutput = d.output()});
  if (options.backward) model::encoder_backward(scope, a, batch, d);
  return losses;
}

std::vector<NamedGradient> download_gradients(model::AlbertParams& dw,
                                              const model::Architecture& architecture,
                                              Backend& backend) {
  std::vector<NamedGradient> gradients;
  model::for_each(dw, architecture, [&](const model::ParameterSpec& spec, Tensor& tensor) {
    std::vector<double> values(size_t(tensor.size()));
    backend.download(tensor_of(values.data(), {tensor.size()}), tensor.reshaped({tensor.size()}));
    gradients.push_back({spec.name, spec.shape, std::move(values)});
  });
  return gradients;
}

BatchGradients batch_gradients(std::shared_ptr<const model::AlbertWeights> weights,
                               const TrainingBatch& request, const GradientOptions& options) {
  const model::Architecture& architecture = weights->architecture;
  Backend& backend = *weights->backend;
  Arena storage(backend);
  model::AlbertParams dw;
  model::allocate(dw, architecture, storage, backend.master_dtype());
  model::for_each(dw, architecture,
                  [&](const model::ParameterSpec&, Tensor& tensor) { backend.zero(tensor); });
  GradientRunner runner(architecture, weights->backend, 1);
  BatchGradients result;
  Transfers transfers(backend, runner.ops());
  const PendingLosses losses = runner.run(*weights, dw, request, count_labels(request), options);
  transfers.finish();
  result.losses = losses.values();
  result.bill = runner.bill();
  result.gradients = download_gradients(dw, architecture, backend);
  return result;
}

}  // namespace albert::train
