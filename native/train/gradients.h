// The loss of a batch and its gradient by every parameter.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ops/room.h"
#include "train/head_gradients.h"

namespace albert::train {

struct GradientOptions {
  /// Hugging Face: no dropout behind the feed-forward, dropout in front of the sentence-order
  /// classifier, no lookup gradient for the padding token, plain means. Google: the opposite, and
  /// 1e-5 added to the number of masked tokens.
  Dialect dialect = Dialect::kHuggingFace;
  model::Keep keep = model::Keep::kAll;
  /// With the probabilities of the configuration; false = none.
  bool dropout = true;
  /// Computes only the rows that heads read in the last application.
  bool select_rows = true;
  /// False: the losses alone; the gradients of the heads are undefined.
  bool backward = true;
  /// Looked at between passes.
  const std::atomic<bool>* stop = nullptr;
  /// With the ordinals of sequences, what masks are drawn from.
  uint64_t seed = 0;
  uint64_t update = 0;
};

/// Computes gradients, one batch at a time: an arena and an executor that are used again and again.
class GradientRunner {
 public:
  GradientRunner(const model::Architecture& architecture, std::shared_ptr<Backend> backend,
                 int threads);

  /// Adds the gradients of a micro-batch to `dw`, in the backend's memory, and returns its share of
  /// the update's loss, which is there after Backend::finish(ops()); `counts` are those of the
  /// whole update. The batch fits the model and has the labels of its kind. Throws Error{kConfig}
  /// for a model without a loss, {kMemory} (with the bill, before anything is allocated, where the
  /// device has no room), {kAborted}.
  PendingLosses run(const model::AlbertWeights& weights, const model::AlbertParams& dw,
                    const TrainingBatch& request, const LossCounts& counts,
                    const GradientOptions& options);

  /// What activations and their gradients took in the last run.
  std::vector<BillItem> bill() const { return arena_.bill(); }
  size_t used() const { return arena_.used(); }
  /// For what belongs to the same update.
  Ops& ops() { return *ops_; }

 private:
  void make_room(const model::AlbertWeights& weights, const model::AlbertParams& dw,
                 const TrainingBatch& request, const LossCounts& counts,
                 const GradientOptions& options);
  model::Batch upload_batch(const TrainingBatch& request, bool select);
  RowOrigins upload_origins(const TrainingBatch& request, const std::vector<int32_t>& rows);
  std::vector<int32_t> rows_that_heads_read(const TrainingBatch& request) const;
  Tensor upload(const std::vector<int32_t>& values) {
    return train::upload(model::LossScope{*ops_, *backend_, arena_}, values);
  }

  const model::Architecture architecture_;
  const std::shared_ptr<Backend> backend_;
  const std::unique_ptr<Ops> ops_;
  Arena arena_;
  RoomMemo room_;
  std::vector<int32_t> output_rows_;
};

struct NamedGradient {
  std::string name;  // the parameter's, as in files
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// Gradients in host memory.
std::vector<NamedGradient> download_gradients(model::AlbertParams& dw,
                                              const model::Architecture& architecture,
                                              Backend& backend);

struct BatchGradients {
  Losses losses;
  std::vector<NamedGradient> gradients;
  std::vector<BillItem> bill;
};

/// One batch as a whole update, its gradients in host memory: for tests and research.
BatchGradients batch_gradients(std::shared_ptr<const model::AlbertWeights> weights,
                               const TrainingBatch& request, const GradientOptions& options);

}  // namespace albert::train
