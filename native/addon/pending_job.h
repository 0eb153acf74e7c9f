// A forward pass whose promise is not settled yet.
#pragma once

#include <memory>
#include <optional>

#include "addon/environment.h"
#include "addon/errors.h"

namespace albert::addon {

/// Owned by the environment until its promise is settled; the engine's callback and the JavaScript
/// job look at it weakly, so that nothing of it forms a cycle. All methods belong to the JavaScript
/// thread.
class PendingJob final : public Completion, public std::enable_shared_from_this<PendingJob> {
 public:
  /// Throws what Engine::submit throws.
  static std::shared_ptr<PendingJob> submit(Napi::Env env, std::shared_ptr<engine::Engine> engine,
                                            engine::JobRequest request);

  explicit PendingJob(std::shared_ptr<engine::Engine> engine);

  /// Only in the call that made it.
  Napi::Value promise() const { return deferred_->promise(); }

  /// Rejects with an AbortError; nothing happens if the promise is settled.
  void abort(Napi::Env env);
  /// Stops the computation without a word: the environment is ending.
  void cancel() noexcept;

  void settle(Napi::Env env) noexcept override;

 private:
  const std::shared_ptr<engine::Engine> engine_;
  std::shared_ptr<engine::Job> job_;
  std::optional<Deferred> deferred_;  // made once the engine has taken the job
  bool settled_ = false;
};

}  // namespace albert::addon
