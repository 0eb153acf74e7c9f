// The compute pool: a locked queue of tasks, and lock-free slots for parallel regions.
//
// A worker that finds nothing to do remembers the event counter it saw before it looked, spins a
// little for the counter to move, then sleeps until it does. Whoever adds work bumps the counter
// and wakes sleepers; counter and sleepers are sequentially consistent, so that one of the two
// sides always sees the other.
#include "core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"

namespace albert {

namespace {

/// Longer than the serial stretch between two parallel ops of a forward pass, and so short that an
/// idle pool costs nothing.
constexpr std::chrono::microseconds kSpinTime{40};
constexpr int kRegionSlots = 64;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// True once `ready()` is; false when the time for spinning is over.
template <class Ready>
bool spin_until(const Ready& ready) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

/// One parallel region. Slots belong to the pool and are reused, so a worker that looks at a slot
/// too late finds no free seat instead of freed memory.
struct alignas(64) Region {
  // Lower half: helpers inside, and whether the owner sleeps until they have left. Upper half:
  // seats still free for helpers.
  static constexpr uint64_t kOwnerSleeps = uint64_t{1} << 31;
  static constexpr uint64_t kHelpers = kOwnerSleeps - 1;
  static constexpr uint64_t kSeat = uint64_t{1} << 32;

  std::atomic<uint64_t> state{0};
  // Written by the owner before it opens seats, read by helpers after they took one.
  const FunctionRef<void(int64_t)>* body = nullptr;
  int64_t chunks = 0;
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;

  bool take_seat() {
    uint64_t seen = state.load(std::memory_order_relaxed);
    while (seen >= kSeat) {
      if (state.compare_exchange_weak(seen, seen - kSeat + 1, std::memory_order_acquire))
        return true;
    }
    return false;
  }

  void run_chunks() {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      try {
        (*body)(i);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
        next.store(chunks, std::memory_order_relaxed);
      }
    }
  }

  bool helped() const { return (state.load(std::memory_order_acquire) & kHelpers) != 0; }
};

bool may_spin(int threads) {
  const ThreadBudget budget = thread_budget();
  const int granted = budget.quota > 0 ? int(std::min(std::ceil(budget.quota), 1e6)) : threads;
  return budget.affinity > 1 && threads <= budget.affinity && threads <= granted;
}

}  // namespace

/// Shared with the workers: the last holder of a pool may be a task of its own.
struct ThreadPool::State {
  explicit State(int threads) : spins(may_spin(threads)) {}

  void work();
  bool run_task();
  bool help_regions();
  void sleep(uint64_t seen);
  void wake(int count);
  Region* claim_region();
  void leave(Region& region);
  void await_helpers(Region& region);

  const bool spins;
  std::atomic<uint64_t> events{0};
  std::atomic<int> sleepers{0};
  std::atomic<uint64_t> used_regions{0};  // one bit a slot
  Region regions[kRegionSlots];

  std::atomic<bool> stopping{false};
  std::atomic<int64_t> queued{0};  // the size of tasks, readable without the lock

  std::mutex mutex;  // guards tasks, and orders sleeping against waking
  std::condition_variable work_added;
  std::condition_variable helpers_left;
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> workers;  // touched by the pool's owner only
};

void ThreadPool::State::work() {
  for (;;) {
    const uint64_t seen = events.load();
    // Tasks first: a thread that runs a task of its own needs no synchronisation with others.
    if (run_task() || help_regions()) continue;
    if (stopping.load() && queued.load() == 0) return;
    const auto changed = [&] { return events.load(std::memory_order_acquire) != seen; };
    if (!spins || !spin_until(changed)) sleep(seen);
  }
}

bool ThreadPool::State::run_task() {
  if (queued.load() == 0) return false;
  std::function<void()> task;
  {
    std::lock_guard lock(mutex);
    if (tasks.empty()) return false;
    task = std::move(tasks.front());
    tasks.pop_front();
    queued.fetch_sub(1);
  }
  task();
  return true;
}

bool ThreadPool::State::help_regions() {
  bool helped = false;
  for (uint64_t used = used_regions.load(); used != 0; used &= used - 1) {
    Region& region = regions[std::countr_zero(used)];
    if (!region.take_seat()) continue;
    region.run_chunks();
    leave(region);
    helped = true;
  }
  return helped;
}

void ThreadPool::State::sleep(uint64_t seen) {
  std::unique_lock lock(mutex);
  sleepers.fetch_add(1);
  work_added.wait(lock, [&] { return events.load() != seen; });
  sleepers.fetch_sub(1);
}

void ThreadPool::State::wake(int count) {
  events.fetch_add(1);
  const int asleep = sleepers.load();
  if (asleep == 0) return;
  { std::lock_guard lock(mutex); }  // a worker between its last look and its sleep holds it
  if (count >= asleep) return work_added.notify_all();
  for (int i = 0; i < count; ++i) work_added.notify_one();
}

Region* ThreadPool::State::claim_region() {
  uint64_t used = used_regions.load(std::memory_order_relaxed);
  while (used != ~uint64_t{0}) {
    const int index = std::countr_one(used);
    if (used_regions.compare_exchange_weak(used, used | uint64_t{1} << index)) {
      return &regions[index];
    }
  }
  return nullptr;
}

void ThreadPool::State::leave(Region& region) {
  const uint64_t before = region.state.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & Region::kOwnerSleeps) && (before & Region::kHelpers) == 1) {
    {
      std::lock_guard lock(mutex);
    }
    helpers_left.notify_all();
  }
}

void ThreadPool::State::await_helpers(Region& region) {
  if (!region.helped()) return;
  if (spins && spin_until([&] { return !region.helped(); })) return;
  region.state.fetch_or(Region::kOwnerSleeps, std::memory_order_acq_rel);
  std::unique_lock lock(mutex);
  helpers_left.wait(lock, [&] { return !region.helped(); });
}

ThreadPool::ThreadPool(int threads) : state_(std::make_shared<State>(threads)) {
  if (threads < 1) throw Error(ErrorCode::kRange, "thread pool: expected at least 1 thread");
  state_->workers.reserve(size_t(threads));
  try {
    for (int i = 0; i < threads; ++i) {
      state_->workers.emplace_back([state = state_] { state->work(); });
    }
  } catch (const std::system_error& error) {
    // Fewer threads than wished for still compute everything; none would not.
    if (state_->workers.empty()) {
      throw Error(ErrorCode::kBackend,
                  std::string("thread pool: no thread could be started: ") + error.what());
    }
  }
}

ThreadPool::~ThreadPool() {
  state_->stopping.store(true);
  state_->wake(size());
  // A task that lets go of the pool last runs on a worker, which cannot join itself: it drains the
  // queue and ends on its own, holding the state.
  for (std::thread& worker : state_->workers) {
    if (worker.get_id() == std::this_thread::get_id()) {
      worker.detach();
    } else {
      worker.join();
    }
  }
}

int ThreadPool::size() const {
  return int(state_->workers.size());
}

void ThreadPool::submit(std::function<void()> task) {
  {
    std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
    state_->queued.fetch_add(1);
  }
  state_->wake(1);
}

void ThreadPool::parallel_for(int64_t chunks, int width, FunctionRef<void(int64_t)> body) {
  const int64_t helpers = std::min<int64_t>({int64_t{width} - 1, chunks - 1, size()});
  Region* region = helpers > 0 ? state_->claim_region() : nullptr;
  if (region == nullptr) {
    for (int64_t i = 0; i < chunks; ++i) body(i);
    return;
  }
  region->body = &body;
  region->chunks = chunks;
  region->next.store(0, std::memory_order_relaxed);
  region->failed.store(false, std::memory_order_relaxed);
  region->state.store(uint64_t(helpers) * Region::kSeat, std::memory_order_release);
  state_->wake(int(helpers));
  region->run_chunks();
  region->state.fetch_and(Region::kSeat - 1, std::memory_order_acq_rel);  // no more seats
  state_->await_helpers(*region);
  const std::exception_ptr error = std::exchange(region->error, nullptr);
  region->state.store(0, std::memory_order_relaxed);
  state_->used_regions.fetch_and(~(uint64_t{1} << (region - state_->regions)));
  if (error) std::rethrow_exception(error);
}

std::shared_ptr<ThreadPool> ThreadPool::shared() {
  struct Registry {
    std::mutex mutex;
    std::weak_ptr<ThreadPool> pool;
  };
  static Registry* const registry = new Registry;  // never destroyed: threads may outlive main()
  std::lock_guard lock(registry->mutex);
  std::shared_ptr<ThreadPool> pool = registry->pool.lock();
  if (!pool) {
    pool = std::make_shared<ThreadPool>(thread_budget().threads);
    registry->pool = pool;
  }
  return pool;
}

}  // namespace albert
