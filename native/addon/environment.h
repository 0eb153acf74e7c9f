// What one environment (the main thread's, or one worker's) owns: its pool, its pending work.
#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "addon/mailbox.h"
#include "addon/work_counter.h"
#include "core/thread_pool.h"
#include "engine/engine.h"

namespace albert::addon {

class PendingJob;

/// The addon's classes, so that native code can make instances; JavaScript cannot.
struct Classes {
  Napi::FunctionReference model;
  Napi::FunctionReference trainer;
  Napi::FunctionReference job;
  Napi::FunctionReference tokenizer;
  Napi::FunctionReference pretraining_stream;
  Napi::FunctionReference record_reader;
  Napi::FunctionReference record_writer;
};

/// Instance data of the addon: one in each environment. All methods belong to the JavaScript
/// thread.
class Environment {
 public:
  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static Environment& of(Napi::Env env);

  /// The process's pool; from its first use on, it lives at least as long as this environment.
  ThreadPool& pool();
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  /// Runs `work` on the pool unless the environment is ending by then. Whatever `work` owns is
  /// destroyed before the environment's end goes on.
  void run_on_pool(std::function<void()> work);

  /// Remembers an engine that must be idle before the environment ends.
  void watch(const std::shared_ptr<engine::Engine>& engine);

  /// Remembers what is to be set when the environment ends, so that long work stops.
  void stop_at_end(const std::shared_ptr<std::atomic<bool>>& stop);

  /// Jobs live here until their promises are settled.
  void keep(std::shared_ptr<PendingJob> job);
  void release(const std::shared_ptr<PendingJob>& job);

  /// Makes an error from a name ("ERR_CONFIG", "TypeError") and a message; empty until
  /// `initialize`.
  Napi::FunctionReference make_error;
  Classes classes;
  /// True while native code makes an instance of one of the classes.
  bool constructing = false;

 private:
  void close() noexcept;
  void await_engines();

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<WorkCounter> running_ = std::make_shared<WorkCounter>();
  std::shared_ptr<ThreadPool> pool_;
  std::unordered_set<std::shared_ptr<PendingJob>> jobs_;
  std::vector<std::weak_ptr<engine::Engine>> engines_;
  std::vector<std::weak_ptr<std::atomic<bool>>> stops_;
};

}  // namespace albert::addon
