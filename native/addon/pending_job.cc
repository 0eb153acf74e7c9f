// Submits, aborts and settles forward passes.
#include "addon/pending_job.h"

#include <utility>

#include "addon/outputs.h"
#include "core/error.h"

namespace albert::addon {

PendingJob::PendingJob(std::shared_ptr<engine::Engine> engine) : engine_(std::move(engine)) {}

std::shared_ptr<PendingJob> PendingJob::submit(Napi::Env env,
                                               std::shared_ptr<engine::Engine> engine,
                                               engine::JobRequest request) {
  Environment& environment = Environment::of(env);
  auto pending = std::make_shared<PendingJob>(std::move(engine));
  const auto done = [mailbox = environment.mailbox(), weak = std::weak_ptr(pending)](engine::Job&) {
    if (std::shared_ptr<PendingJob> finished = weak.lock()) mailbox->post(std::move(finished));
  };
  pending->job_ = pending->engine_->submit(std::move(request), done);
  pending->deferred_.emplace(env);
  environment.keep(pending);
  environment.mailbox()->expect();
  return pending;
}

void PendingJob::abort(Napi::Env env) {
  if (settled_) return;
  settled_ = true;
  Environment& environment = Environment::of(env);
  // Where the job has finished already, its delivery is on the way and ends this.
  if (engine_->abort(*job_)) {
    environment.mailbox()->forget();
    environment.release(shared_from_this());
  }
  deferred_->reject(
      env, std::make_exception_ptr(Error(ErrorCode::kAborted, "The operation was aborted")));
}

void PendingJob::cancel() noexcept {
  engine_->abort(*job_);
}

void PendingJob::settle(Napi::Env env) noexcept {
  Environment::of(env).release(shared_from_this());
  if (std::exchange(settled_, true)) return;
  try {
    if (job_->error) throw *job_->error;
    deferred_->resolve(env, outputs_to_javascript(env, job_->outputs));
  } catch (...) {
    deferred_->reject(env, std::current_exception());
  }
}

}  // namespace albert::addon
