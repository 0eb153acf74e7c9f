// Claims, stops and frees trainers.
#include "addon/trainer_slot.h"

#include <utility>

#include "core/error.h"

namespace albert::addon {

namespace {

[[noreturn]] void refuse_disposed(const std::string& what) {
  throw Error(ErrorCode::kDisposed, what + " was disposed of; make another trainer");
}

}  // namespace

TrainerSlot::TrainerSlot(const std::shared_ptr<engine::Engine>& engine,
                         train::TrainerSettings settings)
    : engine_(engine),
      architecture_(engine->architecture()),
      model_backend_(engine->backend()),
      settings_(std::move(settings)),
      backend_(train::training_backend(*model_backend_, settings_)) {
  train::validate(settings_);
}

void TrainerSlot::claim(const char* call) {
  if (disposed_) refuse_disposed(std::string(call) + ": the trainer");
  if (busy_.exchange(true)) {
    throw Error(ErrorCode::kBusy,
                std::string(call) + ": the trainer is at work; await the earlier call first");
  }
  stop_ = false;
}

train::Trainer& TrainerSlot::open() {
  if (disposed_) refuse_disposed("the trainer");
  if (!trainer_) {
    const std::shared_ptr<engine::Engine> engine = engine_.lock();
    if (!engine) refuse_disposed("the model");
    trainer_ = std::make_unique<train::Trainer>(*engine->weights(), backend_, settings_);
    publish(*trainer_);  // frees the model's own weights until somebody computes with them
  }
  return *trainer_;
}

void TrainerSlot::publish(train::Trainer& trainer) {
  const std::shared_ptr<engine::Engine> engine = engine_.lock();
  if (!engine) return;
  engine->publish([weights = trainer.weights(), backend = model_backend_] {
    return weights->packed(backend);
  });
}

void TrainerSlot::note(const train::Trainer& trainer) noexcept {
  steps_ = trainer.steps();
  try {
    std::vector<BillItem> bill = trainer.bill();
    const std::lock_guard lock(bill_mutex_);
    bill_.swap(bill);
  } catch (const std::bad_alloc&) {
    // No memory to note memory: the older note stays.
  }
}

void TrainerSlot::release() {
  const std::lock_guard lock(mutex_);
  trainer_.reset();
  const std::lock_guard bill_lock(bill_mutex_);
  bill_.clear();
}

std::vector<BillItem> TrainerSlot::bill() const {
  const std::lock_guard lock(bill_mutex_);
  return bill_;
}

}  // namespace albert::addon
