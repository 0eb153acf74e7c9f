// A model: weights and the scheduler that runs jobs on them.
#include "engine/engine.h"

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/outputs.h"
#include "engine/scheduler.h"
#include "engine/weight_cache.h"

namespace albert::engine {

namespace {

class LoadedEngine : public Engine {
 public:
  LoadedEngine(LoadedWeights loaded, std::shared_ptr<ThreadPool> pool,
               const Scheduler::Options& options)
      : architecture_(loaded.weights->architecture),
        backend_(loaded.weights->backend),
        on_reference_(backend_->activation_dtype() == DType::kF64),
        weight_bill_(loaded.weights->bill()),
        warnings_(std::move(loaded.warnings)),
        scheduler_(
            std::make_shared<Scheduler>(std::move(loaded.weights), std::move(pool), options)) {}

  /// Work in flight belongs to the scheduler, which outlives this object until it is done.
  ~LoadedEngine() override {
    scheduler_->close([] {});
  }

  const std::vector<std::string>& warnings() const override { return warnings_; }

  std::shared_ptr<Job> submit(JobRequest request, Job::Done done) override {
    const model::Config& config = architecture_.config;
    data::validate(request.batch, {.vocabulary = config.vocab_size,
                                   .segment_types = config.type_vocab_size,
                                   .positions = config.max_position_embeddings});
    validate_request(architecture_, request);
    if (request.float64 && !on_reference_) {
      throw Error(ErrorCode::kRange,
                  "output_dtype: float64 is there on the device \"reference\" only");
    }
    auto job = std::make_shared<Job>(std::move(request), std::move(done));
    job->outputs = declare_outputs(architecture_, job->request);
    const bool span_v2 = architecture_.kind == model::ModelKind::kQuestionAnsweringV2;
    if (span_v2) job->span_losses.resize(size_t(job->request.batch.sequences()));
    scheduler_->submit(job);
    return job;
  }

  bool abort(Job& job) override { return scheduler_->abort(job); }

  std::vector<BillItem> memory() const override {
    std::vector<BillItem> bill = weight_bill_;
    for (const BillItem& item : scheduler_->activation_bill()) {
      bill.push_back({"activations: " + item.name, item.bytes});
    }
    return bill;
  }

  void save(const std::string& file) const override {
    write_checkpoint(file, *weights());
  }

  const model::Architecture& architecture() const override { return architecture_; }
  const std::shared_ptr<Backend>& backend() const override { return backend_; }

  WeightVersion::Weights weights() const override { return scheduler_->version()->get(); }

  void publish(WeightVersion::Pack pack) override {
    scheduler_->publish(std::make_shared<WeightVersion>(std::move(pack)));
  }

  void close(std::function<void()> idle) override { scheduler_->close(std::move(idle)); }

 private:
  const model::Architecture architecture_;
  const std::shared_ptr<Backend> backend_;
  const bool on_reference_;
  const std::vector<BillItem> weight_bill_;
  const std::vector<std::string> warnings_;
  const std::shared_ptr<Scheduler> scheduler_;
};

/// A GPU wants tiles of many rows (as many as 32 sequences of 512), and two at a time: one computes
/// while the other's results are read. Each has its own activations there.
constexpr int64_t kTileTokensOnDevice = 16384;
constexpr int kTilesOnDevice = 2;

Scheduler::Options scheduler_options(const LoadRequest& request, const Backend& backend,
                                     int pool_size) {
  const bool on_device = !backend.in_host_memory();
  const int most = on_device ? std::min(kTilesOnDevice, pool_size) : pool_size;
  const int64_t tokens = on_device ? kTileTokensOnDevice : request.tile_tokens;
  return {.threads = request.threads > 0 ? std::min(request.threads, most) : most,
          .max_queued_tokens = request.max_queued_tokens,
          .tile_tokens = request.tile_tokens > 0 ? request.tile_tokens : tokens};
}

}  // namespace

std::shared_ptr<Engine> Engine::load(const LoadRequest& request) {
  std::shared_ptr<ThreadPool> pool = ThreadPool::shared();
  LoadedWeights loaded = load_weights(request);
  const Scheduler::Options options =
      scheduler_options(request, *loaded.weights->backend, pool->size());
  return std::make_shared<LoadedEngine>(std::move(loaded), std::move(pool), options);
}

}  // namespace albert::engine
