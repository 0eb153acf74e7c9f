// A trainer behind its JavaScript object: made at its first use, used by one call at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "train/trainer.h"

namespace albert::addon {

/// Shared by the JavaScript object and the work that runs for it.
class TrainerSlot {
 public:
  /// Throws Error{kRange}, Error{kBackend}.
  TrainerSlot(const std::shared_ptr<engine::Engine>& engine, train::TrainerSettings settings);

  const model::Architecture& architecture() const { return architecture_; }

  /// JavaScript thread: claims the slot for one call. Throws Error{kBusy}, Error{kDisposed}.
  void claim(const char* call);
  void give_back() { busy_ = false; }

  /// Pool: runs `body(trainer, stop)`, notes counts and bytes, and gives the slot back.
  template <class Body>
  auto run(const Body& body) {
    const GiveBack give_back_at_end{*this};
    const std::lock_guard lock(mutex_);
    train::Trainer& trainer = open();
    const Note note_at_end{*this, trainer};
    return body(trainer, stop_);
  }

  /// Pool: gives the model the newest weights.
  void publish(train::Trainer& trainer);

  /// Any thread.
  void stop() { stop_ = true; }
  void dispose() { disposed_ = stop_ = true; }
  /// Pool, behind dispose(): waits for what runs, then frees everything.
  void release();

  int64_t steps() const { return steps_; }
  std::vector<BillItem> bill() const;
  /// What stops the trainer, for whoever ends everything; lives as long as the slot.
  static std::shared_ptr<std::atomic<bool>> stop_of(const std::shared_ptr<TrainerSlot>& slot) {
    return {slot, &slot->stop_};
  }

 private:
  struct GiveBack {
    TrainerSlot& slot;
    ~GiveBack() { slot.give_back(); }
  };
  struct Note {
    TrainerSlot& slot;
    train::Trainer& trainer;
    ~Note() { slot.note(trainer); }
  };

  train::Trainer& open();
  void note(const train::Trainer& trainer) noexcept;

  const std::weak_ptr<engine::Engine> engine_;
  const model::Architecture architecture_;
  const std::shared_ptr<Backend> model_backend_;
  const train::TrainerSettings settings_;
  const std::shared_ptr<Backend> backend_;
  std::atomic<bool> busy_{false}, stop_{false}, disposed_{false};
  std::atomic<int64_t> steps_{0};
  std::mutex mutex_;  // held by what runs
  std::unique_ptr<train::Trainer> trainer_;
  mutable std::mutex bill_mutex_;
  std::vector<BillItem> bill_;
};

}  // namespace albert::addon
