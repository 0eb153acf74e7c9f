// Updates of a model's weights from batches: gradients, optimizer, schedule, random state.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "train/gradients.h"
#include "train/master_weights.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace albert::train {

struct TrainerSettings {
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  Dialect dialect = Dialect::kHuggingFace;
  bool bf16 = false;  // what layers compute in; weights, gradients and moments are master dtype
  model::Keep keep = model::Keep::kAll;
  bool dropout = true;  // with the probabilities of the configuration
  uint64_t seed = 0;    // of dropout, with the number of the update
  int threads = 0;      // at most; 0 = all of the pool
};

/// Throws Error{kRange} naming the setting.
void validate(const TrainerSettings& settings);

/// The backend that a trainer of these weights computes on. Throws Error{kBackend}.
std::shared_ptr<Backend> training_backend(const Backend& of_model, const TrainerSettings& settings);

struct StepReport {
  int64_t step;  // updates so far, this one and the skipped ones included
  Losses losses;
  double gradient_norm;  // before clipping
  double learning_rate;
  int64_t tokens;
  bool skipped;  // a gradient was not finite: no weight changed
};

struct Evaluation {
  Losses losses;
  int64_t tokens;
};

/// Not thread-safe, but for its weights. What has micro-batches takes means over all of them;
/// `stop` is looked at between passes and between micro-batches, and ends the call with
/// Error{kAborted}, nothing changed. All throw Error{kRange} for batches without the labels of the
/// model's kind, and Error{kMemory}.
class Trainer {
 public:
  using Batches = std::vector<TrainingBatch>;
  using Stop = std::atomic<bool>;

  /// Trains a copy of `initial`. Throws Error{kMemory}: with the bill, before anything is
  /// allocated, where the device has no room.
  Trainer(const model::AlbertWeights& initial, std::shared_ptr<Backend> backend,
          const TrainerSettings& settings);

  StepReport step(const Batches& micro_batches, const Stop& stop);
  /// Without dropout.
  Evaluation evaluate(const Batches& batches, const Stop& stop);
  /// Those that step() would follow.
  BatchGradients gradients(const Batches& micro_batches, const Stop& stop);

  /// Updates so far; the skipped ones count.
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

  const std::shared_ptr<MasterWeights>& weights() const { return weights_; }
  Optimizer& optimizer() { return optimizer_; }

  /// Weights, gradients, moments, what is packed of them, and activations of the largest batch.
  std::vector<BillItem> bill() const;

 private:
  enum class Pass { kForward, kBoth };

  PendingLosses run(const Batches& batches, Pass pass, const Stop& stop);
  Losses finished(const Batches& batches, Pass pass, const Stop& stop);
  void keep_bill();

  const TrainerSettings settings_;
  const std::shared_ptr<Backend> backend_;
  const std::shared_ptr<MasterWeights> weights_;
  Arena storage_;
  model::AlbertParams gradients_;
  Optimizer optimizer_;
  GradientRunner runner_;
  const std::shared_ptr<model::AlbertWeights> packed_;  // of packed_version_
  int64_t packed_version_ = 0;
  int64_t steps_ = 0;
  size_t packed_bytes_ = 0;
  std::vector<BillItem> largest_bill_;
  size_t largest_bytes_ = 0;
};

}  // namespace albert::train
