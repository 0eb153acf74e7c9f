// Taking sequences from the queue, running tiles, settling jobs.
#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "core/memory_bill.h"

namespace albert::engine {

namespace {

/// What a tile's failure means for its jobs.
Error error_of(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  return Error(ErrorCode::kMemory, std::string("the forward pass failed: ") + exception.what());
}

}  // namespace

Scheduler::Scheduler(WeightVersion::Weights weights, std::shared_ptr<ThreadPool> pool,
                     const Options& options)
    : architecture_(weights->architecture),
      backend_(weights->backend),
      version_(std::make_shared<WeightVersion>(std::move(weights))),
      pool_(std::move(pool)),
      options_(options) {}

void Scheduler::publish(std::shared_ptr<WeightVersion> version) {
  const Lock lock(mutex_);
  if (!closed_) version_.swap(version);
}

std::shared_ptr<WeightVersion> Scheduler::version() const {
  const Lock lock(mutex_);
  if (!closed_) return version_;
  throw Error(ErrorCode::kDisposed, "the model was disposed of");
}

void Scheduler::submit(std::shared_ptr<Job> job) {
  const Lock lock(mutex_);
  if (closed_) throw Error(ErrorCode::kDisposed, "the model was disposed of");
  const int64_t tokens = job->request.batch.size();
  if (!queue_.empty() && queued_tokens_ + tokens > options_.max_queued_tokens) {
    throw Error(ErrorCode::kBusy, "the queue is full: " + std::to_string(queued_tokens_) +
                                      " tokens wait and at most " +
                                      std::to_string(options_.max_queued_tokens) +
                                      " may; await earlier calls before you send more");
  }
  job->unfinished_ = job->request.batch.sequences();
  queued_tokens_ += tokens;
  queue_.push_back(std::move(job));
  dispatch(lock);
}

void Scheduler::dispatch(const Lock&) {
  while (running_ < options_.threads && !queue_.empty()) {
    const int64_t tokens = options_.tile_tokens > 0 ? options_.tile_tokens : tile_tokens(load());
    auto tile = std::make_shared<Tile>(take_tile(tokens));
    const int width = tile_width(load());
    auto runner = std::make_shared<std::unique_ptr<TileRunner>>(take_runner());
    ++running_;
    pool_->submit([self = shared_from_this(), tile, runner, width] {
      self->work(std::move(*tile), width, std::move(*runner));
    });
  }
}

/// One tile on a thread of the pool. The thread is free for the next tile before callers hear of
/// this one, so that who awaits a call finds its place in the queue empty.
void Scheduler::work(Tile tile, int width, std::unique_ptr<TileRunner> runner) {
  const std::vector<std::shared_ptr<Job>> settled = run_tile(tile, width, *runner);
  tile.version.reset();
  {
    const Lock lock(mutex_);
    idle_runners_.push_back(std::move(runner));
    --running_;
    ++reporting_;
    dispatch(lock);
  }
  for (const std::shared_ptr<Job>& job : settled) job->done(*job);
  std::vector<std::function<void()>> idle;
  {
    const Lock lock(mutex_);
    --reporting_;
    idle = become_idle(lock);
  }
  for (const auto& callback : idle) callback();
}

std::unique_ptr<TileRunner> Scheduler::take_runner() {
  if (idle_runners_.empty()) {
    return std::make_unique<TileRunner>(architecture_, backend_, options_.threads);
  }
  std::unique_ptr<TileRunner> runner = std::move(idle_runners_.back());
  idle_runners_.pop_back();
  return runner;
}

/// Sequences from the front of the queue that compute with the same weights: a job keeps those that
/// it began with.
Tile Scheduler::take_tile(int64_t tokens) {
  Tile tile;
  int64_t taken = 0;
  while (!queue_.empty()) {
    const std::shared_ptr<Job> job = queue_.front();
    const int64_t length = job->request.batch.length(job->next_sequence_);
    if (!tile.items.empty() && taken + length > tokens) break;
    if (!job->version_) job->version_ = version_;
    if (tile.version && tile.version != job->version_) break;
    tile.version = job->version_;
    tile.items.push_back({job, job->next_sequence_++});
    taken += length;
    if (job->next_sequence_ == job->request.batch.sequences()) queue_.pop_front();
  }
  queued_tokens_ -= taken;
  return tile;
}

/// Computes the tile and, for the jobs that are complete with it, their losses.
std::vector<std::shared_ptr<Job>> Scheduler::run_tile(const Tile& tile, int width,
                                                      TileRunner& runner) {
  std::optional<Error> error;
  try {
    runner.run(tile, width);
  } catch (const std::exception& exception) {
    error = error_of(exception);
  }
  std::vector<std::shared_ptr<Job>> settled;
  {
    const Lock lock(mutex_);
    settled = settle(tile.items, error);
    if (total_bytes(runner.largest_bill()) > total_bytes(largest_bill_)) {
      largest_bill_ = runner.largest_bill();
    }
  }
  for (const std::shared_ptr<Job>& job : settled) {
    if (job->error) continue;
    try {
      runner.add_losses(*job);
    } catch (const std::exception& exception) {
      job->error = error_of(exception);
    }
  }
  return settled;
}

/// The jobs that nothing more will be computed for: complete ones, and all jobs of a failed tile.
std::vector<std::shared_ptr<Job>> Scheduler::settle(const std::vector<TileItem>& tile,
                                                    const std::optional<Error>& error) {
  std::vector<std::shared_ptr<Job>> settled;
  for (const TileItem& item : tile) {
    Job& job = *item.job;
    --job.unfinished_;
    if (job.finished_ || (!error && job.unfinished_ > 0)) continue;
    if (error) {
      job.error = error;
      remove_from_queue(job);
    }
    job.finished_ = true;
    job.version_.reset();
    settled.push_back(item.job);
  }
  return settled;
}

void Scheduler::remove_from_queue(const Job& job) {
  const auto same = [&](const std::shared_ptr<Job>& queued) { return queued.get() == &job; };
  const auto found = std::find_if(queue_.begin(), queue_.end(), same);
  if (found == queue_.end()) return;
  const data::PackedBatch& batch = job.request.batch;
  queued_tokens_ -= batch.size() - batch.cu_seqlens[size_t(job.next_sequence_)];
  queue_.erase(found);
}

bool Scheduler::abort(Job& job) {
  const Lock lock(mutex_);
  if (job.finished_) return false;
  job.finished_ = true;
  job.version_.reset();
  job.aborted_.store(true, std::memory_order_release);
  remove_from_queue(job);
  return true;
}

void Scheduler::close(std::function<void()> idle) {
  std::vector<std::shared_ptr<Job>> refused;
  std::vector<std::function<void()>> callbacks;
  {
    const Lock lock(mutex_);
    closed_ = true;
    idle_callbacks_.push_back(std::move(idle));
    refused.assign(queue_.begin(), queue_.end());
    queue_.clear();
    queued_tokens_ = 0;
    for (const std::shared_ptr<Job>& job : refused) {
      job->finished_ = true;
      job->version_.reset();
      job->error = Error(ErrorCode::kDisposed, "the model was disposed of before this call ran");
    }
    callbacks = become_idle(lock);
  }
  for (const std::shared_ptr<Job>& job : refused) job->done(*job);
  for (const auto& callback : callbacks) callback();
}

/// Lets go of everything once closed and at rest; gives the callbacks to be called without the
/// lock.
std::vector<std::function<void()>> Scheduler::become_idle(const Lock&) {
  if (!closed_ || running_ + reporting_ > 0) return {};
  idle_runners_.clear();
  version_.reset();
  return std::exchange(idle_callbacks_, {});
}

std::vector<BillItem> Scheduler::activation_bill() const {
  const Lock lock(mutex_);
  return largest_bill_;
}

}  // namespace albert::engine
