// Models with fresh weights on token ids from a seed.
#include "check/model_timing.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>

#include "core/philox.h"
#include "engine/engine.h"
#include "train/trainer.h"

namespace albert::checks {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBase =
    R"({"vocab_size": 30000, "embedding_size": 128, "hidden_size": 768, "num_hidden_layers": 12,
        "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 512})";
constexpr const char* kTiny =
    R"({"vocab_size": 60, "embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 3,
        "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512})";

constexpr double kBudgetMs = 1000;
constexpr size_t kFewestRuns = 3;
constexpr size_t kMostRuns = 1000;
constexpr int kWarmUps = 3;  // memory grows, passes are captured, then all is as it stays
constexpr uint32_t kMaskedOf = 7;  // one token of so many is to be told

struct Shape {
  int64_t batch;
  int64_t length;
  bool mixed = false;
};

std::vector<Shape> forward_shapes(bool quick) {
  if (quick) return {{1, 16}, {2, 16, true}};
  std::vector<Shape> shapes;
  for (const bool mixed : {false, true}) {
    for (const int64_t batch : {1, 8, 32}) {
      for (const int64_t length : {128, 384, 512}) shapes.push_back({batch, length, mixed});
    }
  }
  return shapes;
}

std::vector<Shape> update_shapes(bool quick) {
  return quick ? std::vector<Shape>{{2, 16, true}}
               : std::vector<Shape>{{8, 128}, {32, 128}, {8, 512}, {32, 512, true}};
}

data::PackedBatch make_batch(const Shape& shape, int64_t vocabulary) {
  PhiloxStream random(23, uint64_t(shape.batch * 1000 + shape.length));
  data::PackedBatch batch;
  batch.cu_seqlens = {0};
  for (int64_t b = 0; b < shape.batch; ++b) {
    const int64_t shortest = shape.mixed ? shape.length / 4 : shape.length;
    const int64_t length = shortest + random.below(uint32_t(shape.length - shortest + 1));
    for (int64_t t = 0; t < length; ++t) {
      batch.tokens.push_back(int32_t(1 + random.below(uint32_t(vocabulary - 1))));
      batch.segments.push_back(0);
      batch.positions.push_back(int32_t(t));
    }
    batch.cu_seqlens.push_back(int32_t(batch.tokens.size()));
  }
  return batch;
}

/// Of the layers' matrices and attention; a training step computes three times as much.
double forward_flops(const model::Config& config, const data::PackedBatch& batch) {
  const double H = double(config.hidden_size), F = double(config.intermediate_size);
  double squares = 0;
  for (int64_t b = 0; b < batch.sequences(); ++b) {
    squares += double(batch.length(b)) * double(batch.length(b));
  }
  const double pass = 2 * double(batch.size()) * (4 * H * H + 2 * H * F) + 4 * squares * H;
  return pass * double(config.num_hidden_layers) * double(config.inner_group_num);
}

/// Milliseconds of each run, sorted.
std::vector<double> durations_of(const std::function<void()>& run, bool quick) {
  for (int i = 0; i < kWarmUps; ++i) run();
  std::vector<double> durations;
  double total = 0;
  const size_t most = quick ? kFewestRuns : kMostRuns;
  while (durations.size() < kFewestRuns || (total < kBudgetMs && durations.size() < most)) {
    const Clock::time_point begin = Clock::now();
    run();
    const std::chrono::duration<double, std::milli> taken = Clock::now() - begin;
    durations.push_back(taken.count());
    total += durations.back();
  }
  std::sort(durations.begin(), durations.end());
  return durations;
}

struct Workload {
  std::string work;
  Shape shape;
  const Backend& backend;
  const data::PackedBatch& batch;
  double flops;
  bool quick;
};

ModelTiming time_workload(const Workload& load, const std::function<void()>& run) {
  const std::vector<double> durations = durations_of(run, load.quick);
  return {.work = load.work,
          .lengths = load.shape.mixed ? "mixed" : "fixed",
          .dtype = load.backend.dtype(),
          .batch = load.shape.batch,
          .length = load.shape.length,
          .tokens = load.batch.size(),
          .runs = int64_t(durations.size()),
          .best_ms = durations.front(),
          .median_ms = durations[durations.size() / 2],
          .flops = load.flops};
}

std::shared_ptr<engine::Engine> load_model(const ModelTimingOptions& options, const char* kind) {
  return engine::Engine::load({.config = options.quick ? kTiny : kBase,
                               .kind = kind,
                               .path = "",
                               .seed = 1,
                               .backend = options.backend});
}

/// One call, to its end.
void forward(engine::Engine& engine, const data::PackedBatch& batch, int64_t width) {
  engine::JobRequest request;
  request.batch = batch;
  request.columns = batch.positions;
  request.width = width;
  std::promise<std::optional<Error>> done;
  const auto job =
      engine.submit(std::move(request), [&](engine::Job& ended) { done.set_value(ended.error); });
  if (const std::optional<Error> error = done.get_future().get()) throw *error;
}

void time_forwards(const ModelTimingOptions& options, const ModelReport& report) {
  const auto engine = load_model(options, "base");
  const model::Config& config = engine->architecture().config;
  for (const Shape& shape : forward_shapes(options.quick)) {
    const data::PackedBatch batch = make_batch(shape, config.vocab_size);
    report(time_workload({.work = "forward",
                          .shape = shape,
                          .backend = *engine->backend(),
                          .batch = batch,
                          .flops = forward_flops(config, batch),
                          .quick = options.quick},
                         [&] { forward(*engine, batch, shape.length); }));
  }
}

train::TrainingBatch make_training_batch(const data::PackedBatch& batch) {
  train::TrainingBatch training;
  training.batch = batch;
  PhiloxStream random(29, uint64_t(batch.size()));
  std::vector<int32_t> classes, orders(size_t(batch.sequences()), 0);
  for (const int32_t token : batch.tokens) {
    classes.push_back(random.below(kMaskedOf) == 0 ? token : data::kIgnored);
  }
  classes[0] = batch.tokens[0];
  training.labels.classes = std::move(classes);
  training.labels.sentence_order = std::move(orders);
  return training;
}

void time_updates(const ModelTimingOptions& options, const ModelReport& report) {
  const std::string& dtype = options.backend.dtype;
  if (dtype != "fp32" && dtype != "bf16") return;
  ModelTimingOptions wide = options;
  wide.backend.dtype = "fp32";
  const auto engine = load_model(wide, "pretraining");
  train::TrainerSettings settings;
  settings.bf16 = dtype == "bf16";
  settings.schedule.learning_rate = 1e-4;
  const auto backend = train::training_backend(*engine->backend(), settings);
  train::Trainer trainer(*engine->weights(), backend, settings);
  const model::Config& config = engine->architecture().config;
  const std::atomic<bool> never = false;
  for (const Shape& shape : update_shapes(options.quick)) {
    const data::PackedBatch batch = make_batch(shape, config.vocab_size);
    const train::Trainer::Batches batches = {make_training_batch(batch)};
    report(time_workload({.work = "update",
                          .shape = shape,
                          .backend = *backend,
                          .batch = batch,
                          .flops = 3 * forward_flops(config, batch),
                          .quick = options.quick},
                         [&] { trainer.step(batches, never); }));
  }
}

}  // namespace

void time_models(const ModelTimingOptions& options, const ModelReport& report) {
  time_forwards(options, report);
  time_updates(options, report);
}

}  // namespace albert::checks
