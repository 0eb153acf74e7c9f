// One update: gradients of all micro-batches, then the optimizer.
#include "train/trainer.h"

#include <algorithm>

#include "core/error.h"
#include "core/memory_bill.h"

namespace albert::train {

namespace {

int64_t count_tokens(const Trainer::Batches& batches) {
  int64_t tokens = 0;
  for (const TrainingBatch& batch : batches) tokens += batch.batch.size();
  return tokens;
}

LossCounts count_all(const Trainer::Batches& batches) {
  LossCounts counts;
  for (const TrainingBatch& batch : batches) counts += count_labels(batch);
  return counts;
}

int width_of(const TrainerSettings& settings) {
  const int all = thread_budget().threads;
  return settings.threads > 0 ? std::min(settings.threads, all) : all;
}

/// Gradients in the memory that `storage` takes for them.
model::AlbertParams allocate_gradients(const MasterWeights& weights, Arena& storage) {
  model::AlbertParams gradients;
  model::allocate(gradients, weights.architecture(), storage, weights.backend().master_dtype());
  return gradients;
}

/// What a trainer holds from its start on.
std::vector<BillItem> planned_bill(const model::Architecture& architecture,
                                   const TrainerSettings& settings,
                                   const std::shared_ptr<Backend>& planner) {
  Arena arena(*planner);
  model::AlbertParams shapes;
  model::allocate(shapes, architecture, arena, planner->master_dtype());
  const Optimizer optimizer(*planner, trained_parameters(shapes, shapes, architecture),
                            settings.optimizer);
  const auto packed = model::planned_bill(architecture, shapes, planner);
  return {{"master weights", arena.capacity()},
          {"gradients", arena.capacity()},
          {"moments and variances", optimizer.held_bytes()},
          {"packed weights", total_bytes(packed)}};
}

/// The backend itself, once it is known to have room. Throws Error{kMemory} with the bill.
std::shared_ptr<Backend> with_room(std::shared_ptr<Backend> backend,
                                   const model::Architecture& architecture,
                                   const TrainerSettings& settings) {
  if (const std::shared_ptr<Backend> planner = backend->planner()) {
    require_room({.what = "a trainer",
                  .bill = planned_bill(architecture, settings, planner),
                  .held = 0,
                  .free = backend->free_memory(),
                  .device = backend->name()});
  }
  return backend;
}

}  // namespace

void validate(const TrainerSettings& settings) {
  validate(settings.optimizer);
  validate(settings.schedule);
}

std::shared_ptr<Backend> training_backend(const Backend& of_model,
                                          const TrainerSettings& settings) {
  const bool reference = of_model.master_dtype() == DType::kF64;
  return open_backend({.device = of_model.name(),
                       .dtype = settings.bf16 ? "bf16" : "fp32",
                       .instruction_set = reference ? "" : of_model.instruction_set(),
                       .allow_tf32 = of_model.allows_tf32()});
}

Trainer::Trainer(const model::AlbertWeights& initial, std::shared_ptr<Backend> backend,
                 const TrainerSettings& settings)
    : settings_(settings),
      backend_(with_room(std::move(backend), initial.architecture, settings)),
      weights_(std::make_shared<MasterWeights>(initial, backend_)),
      storage_(*backend_),
      gradients_(allocate_gradients(*weights_, storage_)),
      optimizer_(*backend_,
                 trained_parameters(weights_->params(), gradients_, weights_->architecture()),
                 settings.optimizer),
      runner_(weights_->architecture(), backend_, width_of(settings)),
      packed_(weights_->packed(backend_)) {}

StepReport Trainer::step(const Batches& micro_batches, const Stop& stop) {
  StepReport report = {};
  Transfers transfers(*backend_, runner_.ops());
  const PendingLosses losses = run(micro_batches, Pass::kBoth, stop);
  report.tokens = count_tokens(micro_batches);
  report.learning_rate = learning_rate_at(settings_.schedule, steps_);
  weights_->update([&] {
    const UpdateReport update = optimizer_.update(runner_.ops(), report.learning_rate);
    report.gradient_norm = update.gradient_norm;
    report.skipped = update.skipped;
    return !update.skipped;
  });
  transfers.finish();
  report.losses = losses.values();
  report.step = ++steps_;
  return report;
}

Evaluation Trainer::evaluate(const Batches& batches, const Stop& stop) {
  return {.losses = finished(batches, Pass::kForward, stop), .tokens = count_tokens(batches)};
}

BatchGradients Trainer::gradients(const Batches& micro_batches, const Stop& stop) {
  BatchGradients result;
  result.losses = finished(micro_batches, Pass::kBoth, stop);
  result.bill = runner_.bill();
  result.gradients = download_gradients(gradients_, weights_->architecture(), *backend_);
  return result;
}

Losses Trainer::finished(const Batches& batches, Pass pass, const Stop& stop) {
  Transfers transfers(*backend_, runner_.ops());
  const PendingLosses losses = run(batches, pass, stop);
  transfers.finish();
  return losses.values();
}

/// The losses of all batches; with both passes also their gradients, in gradients_.
PendingLosses Trainer::run(const Batches& batches, Pass pass, const Stop& stop) {
  const LossCounts counts = count_all(batches);
  if (counts.none()) {
    throw Error(ErrorCode::kRange, "labels: none of the update counts: every one is -100");
  }
  weights_->repack(*packed_, packed_version_, runner_.ops());
  const model::Architecture& architecture = weights_->architecture();
  model::for_each(gradients_, architecture, [&](const model::ParameterSpec&, Tensor& tensor) {
    backend_->enqueue_zero(runner_.ops(), tensor);
  });
  const bool both = pass == Pass::kBoth;
  const GradientOptions options = {.dialect = settings_.dialect,
                                   .keep = both ? settings_.keep : model::Keep::kInputs,
                                   .dropout = both && settings_.dropout,
                                   .backward = both,
                                   .stop = &stop,
                                   .seed = settings_.seed,
                                   .update = uint64_t(steps_)};
  PendingLosses losses;
  for (const TrainingBatch& batch : batches) {
    losses += runner_.run(*packed_, gradients_, batch, counts, options);
    keep_bill();
  }
  return losses;
}

void Trainer::keep_bill() {
  packed_bytes_ = total_bytes(packed_->bill());
  if (runner_.used() <= largest_bytes_) return;
  largest_bytes_ = runner_.used();
  largest_bill_ = runner_.bill();
}

std::vector<BillItem> Trainer::bill() const {
  std::vector<BillItem> bill = {{"master weights", total_bytes(weights_->bill())},
                                {"gradients", total_bytes(storage_.bill())}};
  for (const BillItem& item : optimizer_.bill()) bill.push_back(item);
  if (packed_bytes_ > 0) bill.push_back({"packed weights", packed_bytes_});
  for (const BillItem& item : largest_bill_) {
    bill.push_back({"activations: " + item.name, item.bytes});
  }
  return bill;
}

}  // namespace albert::train
