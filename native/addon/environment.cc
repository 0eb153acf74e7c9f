// The life of an environment: what it starts, and in which order it ends.
#include "addon/environment.h"

#include <utility>

#include "addon/pending_job.h"

namespace albert::addon {

Environment::Environment(Napi::Env env) : mailbox_(std::make_shared<Mailbox>(env)) {
  // Hooks run last in, first out: this one before the mailbox's bell is torn down.
  const napi_status status = napi_add_env_cleanup_hook(
      env, [](void* environment) { static_cast<Environment*>(environment)->close(); }, this);
  if (status != napi_ok) throw Napi::Error::New(env);
}

Environment& Environment::of(Napi::Env env) {
  return *env.GetInstanceData<Environment>();
}

ThreadPool& Environment::pool() {
  if (!pool_) pool_ = ThreadPool::shared();
  return *pool_;
}

void Environment::run_on_pool(std::function<void()> work) {
  ThreadPool& threads = pool();
  running_->add();
  threads.submit([mailbox = mailbox_, running = running_, work = std::move(work)]() mutable {
    if (!mailbox->closed()) work();
    work = nullptr;  // before done(): what it owns may need the pool
    running->done();
  });
}

void Environment::watch(const std::shared_ptr<engine::Engine>& engine) {
  std::erase_if(engines_, [](const auto& known) { return known.expired(); });
  engines_.push_back(engine);
}

void Environment::stop_at_end(const std::shared_ptr<std::atomic<bool>>& stop) {
  std::erase_if(stops_, [](const auto& known) { return known.expired(); });
  stops_.push_back(stop);
}

void Environment::keep(std::shared_ptr<PendingJob> job) {
  jobs_.insert(std::move(job));
}

void Environment::release(const std::shared_ptr<PendingJob>& job) {
  jobs_.erase(job);
}

/// Nothing is delivered any more; running tiles stop between passes; then everything is let go. The
/// pool goes last and on this thread: a worker that let go of it would have to join itself.
void Environment::close() noexcept {
  mailbox_->close();
  for (const auto& known : stops_) {
    if (const auto stop = known.lock()) *stop = true;
  }
  for (const std::shared_ptr<PendingJob>& job : jobs_) job->cancel();
  await_engines();
  jobs_.clear();
  engines_.clear();
  pool_.reset();
}

void Environment::await_engines() {
  std::vector<std::shared_ptr<engine::Engine>> alive;
  for (const std::weak_ptr<engine::Engine>& known : engines_) {
    std::shared_ptr<engine::Engine> engine = known.lock();
    if (!engine) continue;
    running_->add();
    engine->close([running = running_] { running->done(); });
    alive.push_back(std::move(engine));
  }
  running_->wait();
}

}  // namespace albert::addon
