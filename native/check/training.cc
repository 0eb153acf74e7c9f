// A run in small: batches from a seed, updates, forward passes, a checkpoint in the middle.
#include "check/training.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "core/philox.h"
#include "engine/engine.h"
#include "train/checkpoint.h"

namespace albert::checks {

namespace {

constexpr uint32_t kVocabulary = 60;
constexpr int64_t kCompared = 20;  // updates until rounding has grown into another course
constexpr const char* kConfig =
    R"({"vocab_size": 60, "embedding_size": 12, "hidden_size": 20, "num_hidden_layers": 3,
        "num_attention_heads": 2, "intermediate_size": 36, "max_position_embeddings": 16,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1})";

std::shared_ptr<engine::Engine> load(const BackendOptions& backend) {
  return engine::Engine::load(
      {.config = kConfig, .kind = "pretraining", .path = "", .seed = 3, .backend = backend});
}

train::TrainerSettings settings_for(const std::string& dtype) {
  train::TrainerSettings settings;
  settings.optimizer.bias_correction = true;
  settings.schedule.kind = train::ScheduleKind::kConstant;
  settings.schedule.learning_rate = 3e-3;
  settings.bf16 = dtype == "bf16";
  settings.seed = 9;
  return settings;
}

/// Sequences to copy: a task that a model learns soon. Some tokens are to be told, some not.
train::TrainingBatch make_batch(PhiloxStream& random, int64_t first_sequence) {
  train::TrainingBatch batch;
  std::vector<int32_t> classes, orders;
  batch.first_sequence = first_sequence;
  batch.batch.cu_seqlens = {0};
  const uint32_t sequences = 1 + random.below(5);
  for (uint32_t b = 0; b < sequences; ++b) {
    const uint32_t length = 1 + random.below(12);
    for (uint32_t t = 0; t < length; ++t) {
      const auto token = int32_t(1 + random.below(kVocabulary - 1));
      batch.batch.tokens.push_back(token);
      batch.batch.segments.push_back(int32_t(2 * t >= length));
      batch.batch.positions.push_back(int32_t(t));
      classes.push_back(t == 0 || random.below(2) == 0 ? token : data::kIgnored);
    }
    batch.batch.cu_seqlens.push_back(int32_t(batch.batch.tokens.size()));
    orders.push_back(int32_t(random.below(2)));
  }
  batch.labels.classes = std::move(classes);
  batch.labels.sentence_order = std::move(orders);
  return batch;
}

/// The micro-batches of an update.
train::Trainer::Batches make_update(int64_t update) {
  PhiloxStream random(17, uint64_t(update));
  train::Trainer::Batches batches = {make_batch(random, 0)};
  batches.push_back(make_batch(random, batches[0].batch.sequences()));
  return batches;
}

/// Forward passes that nobody waits for, a few at a time.
class Callers {
 public:
  explicit Callers(engine::Engine& engine) : engine_(engine) {}
  ~Callers() { wait(0); }

  void call(const data::PackedBatch& batch) {
    wait(kMostAtOnce - 1);
    engine::JobRequest request;
    request.batch = batch;
    request.columns = batch.positions;
    request.width = 16;
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    engine_.submit(std::move(request), [this](engine::Job& job) {
      const std::lock_guard lock(mutex_);
      failed_ = failed_ || job.error.has_value();
      ++finished_;
      --running_;
      changed_.notify_all();
    });
  }

  int64_t finished() {
    wait(0);
    if (failed_) throw Error(ErrorCode::kMemory, "training: a forward pass beside it failed");
    return finished_;
  }

 private:
  static constexpr int64_t kMostAtOnce = 4;

  void wait(int64_t most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ <= most; });
  }

  engine::Engine& engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t running_ = 0, finished_ = 0;
  bool failed_ = false;
};

std::vector<double> reference_losses(int64_t updates) {
  const auto engine = load({.device = "reference", .instruction_set = ""});
  const train::TrainerSettings settings = settings_for("fp32");
  train::Trainer trainer(*engine->weights(), engine->backend(), settings);
  const std::atomic<bool> never = false;
  std::vector<double> losses;
  for (int64_t update = 0; update < updates; ++update) {
    losses.push_back(trainer.step(make_update(update), never).losses.total);
  }
  return losses;
}

/// Whether a trainer of its own, taken up from a checkpoint, makes the next update to the bit.
bool resumes_equal(train::Trainer& trainer, engine::Engine& engine, const std::string& dtype) {
  namespace fs = std::filesystem;
  const std::string name = "albert-check-" + std::to_string(::getpid());
  const std::string folder = (fs::temp_directory_path() / name).string();
  train::save_checkpoint(trainer, folder, {{train::kCheckpointMark, "{}\n"}});
  const train::TrainerSettings settings = settings_for(dtype);
  const auto from_disk = engine::Engine::load(
      {.config = kConfig,
       .kind = "pretraining",
       .path = folder,
       .seed = 0,
       .backend = {.device = "cpu", .instruction_set = engine.backend()->instruction_set()}});
  train::Trainer other(*from_disk->weights(), train::training_backend(*engine.backend(), settings),
                       settings);
  train::restore_checkpoint(other, folder);
  fs::remove_all(folder);
  const std::atomic<bool> never = false;
  const train::Trainer::Batches batches = make_update(other.steps());
  const auto expected = trainer.gradients(batches, never), actual = other.gradients(batches, never);
  bool equal = actual.losses.total == expected.losses.total;
  for (size_t i = 0; i < expected.gradients.size(); ++i) {
    equal = equal && actual.gradients[i].values == expected.gradients[i].values;
  }
  return equal;
}

double mean(const std::vector<double>& values, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += values[i];
  return sum / double(std::max<size_t>(1, end - begin));
}

}  // namespace

TrainingReport check_training(const std::string& isa, const std::string& dtype, int64_t updates) {
  TrainingReport report{.isa = isa, .dtype = dtype, .updates = updates};
  report.tolerance = dtype == "bf16" ? 5e-2 : 1e-3;
  const auto engine = load({.device = "cpu", .dtype = "fp32", .instruction_set = isa});
  const train::TrainerSettings settings = settings_for(dtype);
  train::Trainer trainer(*engine->weights(), train::training_backend(*engine->backend(), settings),
                         settings);
  Callers callers(*engine);
  const std::atomic<bool> never = false;
  std::vector<double> losses;
  for (int64_t update = 0; update < updates; ++update) {
    const train::Trainer::Batches batches = make_update(update);
    callers.call(batches[0].batch);
    losses.push_back(trainer.step(batches, never).losses.total);
    engine->publish([weights = trainer.weights(), backend = engine->backend()] {
      return weights->packed(backend);
    });
    if (update == updates / 2) report.resumed_equal = resumes_equal(trainer, *engine, dtype);
  }
  report.forwards = callers.finished();
  const std::vector<double> expected = reference_losses(std::min(updates, kCompared));
  for (size_t i = 0; i < expected.size(); ++i) {
    report.worst_error = std::max(report.worst_error, std::abs(losses[i] / expected[i] - 1));
  }
  const size_t part = size_t(std::min<int64_t>(updates, 50));
  report.first_loss = mean(losses, 0, part);
  report.last_loss = mean(losses, losses.size() - part, losses.size());
  return report;
}

}  // namespace albert::checks
