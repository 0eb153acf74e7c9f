// The queue of one model: jobs of any callers in, tiles for the pool out.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/thread_pool.h"
#include "engine/tile.h"
#include "engine/tile_plan.h"

namespace albert::engine {

/// Thread-safe. While tiles run, waiting jobs queue up; whenever a thread gets free, sequences from
/// the front of the queue, of one job or of several, are packed into the next tile.
class Scheduler : public std::enable_shared_from_this<Scheduler> {
 public:
  struct Options {
    int threads;                // tiles at a time
    int64_t max_queued_tokens;  // beyond it submit() refuses; one job is always taken
    int64_t tile_tokens;        // 0 = planned
  };

  Scheduler(WeightVersion::Weights weights, std::shared_ptr<ThreadPool> pool,
            const Options& options);

  /// Throws Error: kBusy, kDisposed.
  void submit(std::shared_ptr<Job> job);
  /// Jobs that begin from now on compute with these weights; nothing happens after close().
  void publish(std::shared_ptr<WeightVersion> version);
  /// What was published last. Throws Error{kDisposed} after close().
  std::shared_ptr<WeightVersion> version() const;
  /// See Engine::abort.
  bool abort(Job& job);
  /// See Engine::close.
  void close(std::function<void()> idle);
  /// Bytes of activations by name, in the largest tile so far.
  std::vector<BillItem> activation_bill() const;

 private:
  /// Taken by what may only be called with the mutex held, as the caller's proof of it.
  using Lock = std::unique_lock<std::mutex>;

  TileLoad load() const {
    return {.queued_tokens = queued_tokens_, .threads = options_.threads, .running = running_};
  }
  void dispatch(const Lock& lock);
  Tile take_tile(int64_t tokens);
  void work(Tile tile, int width, std::unique_ptr<TileRunner> runner);
  std::vector<std::shared_ptr<Job>> run_tile(const Tile& tile, int width, TileRunner& runner);
  std::vector<std::shared_ptr<Job>> settle(const std::vector<TileItem>& tile,
                                           const std::optional<Error>& error);
  void remove_from_queue(const Job& job);
  std::unique_ptr<TileRunner> take_runner();
  std::vector<std::function<void()>> become_idle(const Lock& lock);

  mutable std::mutex mutex_;
  const model::Architecture architecture_;
  const std::shared_ptr<Backend> backend_;
  std::shared_ptr<WeightVersion> version_;  // let go when closed and idle
  const std::shared_ptr<ThreadPool> pool_;
  const Options options_;
  std::deque<std::shared_ptr<Job>> queue_;
  int64_t queued_tokens_ = 0;
  int running_ = 0;
  int reporting_ = 0;  // tiles that have ended and are telling their jobs
  bool closed_ = false;
  std::vector<std::unique_ptr<TileRunner>> idle_runners_;
  std::vector<BillItem> largest_bill_;
  std::vector<std::function<void()>> idle_callbacks_;
};

}  // namespace albert::engine
