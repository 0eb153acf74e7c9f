// The process-wide compute pool: tasks in a queue, and short parallel regions inside a task.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace albert {

/// A non-owning reference to a callable; the callable must outlive the call it is passed to.
template <class Signature>
class FunctionRef;
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class Callable>
  FunctionRef(const Callable& callable)  // NOLINT: implicit on purpose, for lambdas at call sites
      : object_(&callable), call_([](const void* object, Arguments... arguments) -> Result {
          return (*static_cast<const Callable*>(object))(arguments...);
        }) {}
  Result operator()(Arguments... arguments) const { return call_(object_, arguments...); }

 private:
  const void* object_;
  Result (*call_)(const void*, Arguments...);
};

/// How many threads to use, and why: the answer of thread_budget().
struct ThreadBudget {
  int threads;
  int affinity;        // processors this process may run on (sched_getaffinity)
  double quota;        // processors the cgroup (v1 or v2) grants; 0 = no limit
  std::string reason;  // "2 processors in the affinity mask, no cgroup quota"
};

/// Affinity mask ∩ cgroup quota (rounded up), at least 1; ALBERT_THREADS overrides it (1 to 1024).
ThreadBudget thread_budget();

/// Workers wait with a bounded spin, then sleep. A parallel region is executed by the thread that
/// opens it together with the workers that are idle at that moment, so regions never wait for a
/// busy worker and nesting cannot deadlock.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  /// Runs what was submitted, then joins the workers.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  /// Queues a task for a worker. A task must not throw.
  void submit(std::function<void()> task);

  /// Calls body(0) … body(chunks − 1), each once, by at most `width` threads, the caller among
  /// them; returns when all are done. Writes made by the chunks are visible to the caller
  /// afterwards. An exception of a chunk is rethrown here after the others have ended.
  void parallel_for(int64_t chunks, int width, FunctionRef<void(int64_t)> body);

  /// The pool of this process, created at first use with thread_budget().threads workers and joined
  /// when the last holder lets go.
  static std::shared_ptr<ThreadPool> shared();

 private:
  struct State;
  std::shared_ptr<State> state_;  // the workers hold it too
};

}  // namespace albert
