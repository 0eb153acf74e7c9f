// Steps, checkpoints and the end of trainers as JavaScript sees them.
#include "addon/trainer.h"

#include <limits>
#include <utility>

#include "addon/arguments.h"
#include "addon/forward_request.h"
#include "addon/gradients.h"
#include "addon/model.h"
#include "addon/optimizer_settings.h"
#include "addon/task.h"
#include "addon/training_batch.h"
#include "train/checkpoint.h"

namespace albert::addon {

namespace {

using Requests = std::vector<engine::JobRequest>;
using Stop = std::atomic<bool>;

constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

train::TrainerSettings read_settings(const Argument& object) {
  return {.optimizer = read_optimizer(object.field("optimizer")),
          .schedule = read_schedule(object.field("schedule")),
          .dialect = read_dialect(object.field("dialect")),
          .bf16 = object.field("bf16").boolean(),
          .keep = object.field("recompute").boolean() ? model::Keep::kInputs : model::Keep::kAll,
          .dropout = object.field("dropout").boolean(),
          .seed = uint64_t(object.field("seed").integer(0, kMaxSafeInteger)),
          .threads =
              int(object.field("threads").integer(0, std::numeric_limits<int32_t>::max()))};
}

Requests read_requests(const Argument& list) {
  Requests requests;
  for (const Argument& request : list.items()) requests.push_back(read_forward_request(request));
  if (requests.empty()) list.refuse_range("a batch at least");
  return requests;
}

/// Checked, with the ordinals of their sequences in the update.
train::Trainer::Batches to_batches(const model::Architecture& architecture, Requests requests) {
  train::Trainer::Batches batches;
  int64_t sequences = 0;
  for (engine::JobRequest& request : requests) {
    batches.push_back(training_batch(architecture, std::move(request), sequences));
    sequences += batches.back().batch.sequences();
  }
  return batches;
}

Napi::Object losses_to_javascript(Napi::Env env, const train::Losses& losses) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", losses.total);
  object.Set("mlm_loss", losses.masked_lm);
  object.Set("sop_loss", losses.sentence_order);
  return object;
}

Napi::Value step_to_javascript(Napi::Env env, const train::StepReport& report) {
  Napi::Object object = losses_to_javascript(env, report.losses);
  object.Set("step", double(report.step));
  object.Set("grad_norm", report.gradient_norm);
  object.Set("learning_rate", report.learning_rate);
  object.Set("tokens", double(report.tokens));
  object.Set("skipped", report.skipped);
  return object;
}

Napi::Value evaluation_to_javascript(Napi::Env env, const train::Evaluation& evaluation) {
  Napi::Object object = losses_to_javascript(env, evaluation.losses);
  object.Set("tokens", double(evaluation.tokens));
  return object;
}

}  // namespace

const napi_type_tag Trainer::kTag = {uint64_t(uintptr_t(&Trainer::kTag)), 0x616c62657274'7472u};

Napi::FunctionReference Trainer::define(Napi::Env env) {
  return define_class(
      env, kName,
      {getter<Trainer, &Trainer::step_count>("step_count"), method<Trainer, &Trainer::step>("step"),
       method<Trainer, &Trainer::evaluate>("evaluate"),
       method<Trainer, &Trainer::gradients>("gradients"), method<Trainer, &Trainer::save>("save"),
       method<Trainer, &Trainer::restore>("restore"), method<Trainer, &Trainer::stop>("stop"),
       method<Trainer, &Trainer::memory>("memory"),
       method<Trainer, &Trainer::dispose>("dispose")});
}

Trainer::Trainer(Napi::Env env, std::shared_ptr<TrainerSlot> slot)
    : slot_(std::move(slot)), reported_(std::make_shared<ReportedBytes>(env)) {}

Trainer::~Trainer() {
  slot_->stop();
  reported_->close();
}

template <class Body, class Convert>
Napi::Value Trainer::start(Napi::Env env, const char* call, Body body, Convert convert) {
  slot_->claim(call);
  const auto work = [slot = slot_, body = std::move(body)]() mutable { return slot->run(body); };
  const auto finish = [slot = slot_, reported = reported_, convert](Napi::Env same, auto result) {
    reported->report(slot->bill());
    return convert(same, std::move(result));
  };
  try {
    return start_task(env, work, finish);
  } catch (...) {
    slot_->give_back();
    throw;
  }
}

Napi::Value Trainer::step_count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(slot_->steps()));
}

Napi::Value Trainer::step(const Napi::CallbackInfo& info) {
  Requests requests = read_requests(Argument::of(info, 0, "step: batches"));
  const auto body = [slot = slot_, requests = std::move(requests)](train::Trainer& trainer,
                                                                   const Stop& stop) {
    const train::StepReport report =
        trainer.step(to_batches(slot->architecture(), requests), stop);
    if (!report.skipped) slot->publish(trainer);
    return report;
  };
  return start(info.Env(), "step", body, &step_to_javascript);
}

Napi::Value Trainer::evaluate(const Napi::CallbackInfo& info) {
  Requests requests = read_requests(Argument::of(info, 0, "evaluate: batches"));
  const auto body = [slot = slot_, requests = std::move(requests)](train::Trainer& trainer,
                                                                   const Stop& stop) {
    return trainer.evaluate(to_batches(slot->architecture(), requests), stop);
  };
  return start(info.Env(), "evaluate", body, &evaluation_to_javascript);
}

Napi::Value Trainer::gradients(const Napi::CallbackInfo& info) {
  Requests requests = read_requests(Argument::of(info, 0, "gradients: batches"));
  const auto body = [slot = slot_, requests = std::move(requests)](train::Trainer& trainer,
                                                                   const Stop& stop) {
    return trainer.gradients(to_batches(slot->architecture(), requests), stop);
  };
  return start(info.Env(), "gradients", body, &gradients_to_javascript);
}

Napi::Value Trainer::save(const Napi::CallbackInfo& info) {
  std::string folder = Argument::of(info, 0, "save: folder").utf8_without_nul();
  std::vector<train::CheckpointText> texts;
  for (const Argument& text : Argument::of(info, 1, "save: texts").items()) {
    texts.push_back({text.field("name").utf8_without_nul(), text.field("content").utf8()});
  }
  const auto body = [folder = std::move(folder), texts = std::move(texts)](train::Trainer& trainer,
                                                                           const Stop&) {
    train::save_checkpoint(trainer, folder, texts);
    return Nothing{};
  };
  return start(info.Env(), "save", body, &undefined_of);
}

Napi::Value Trainer::restore(const Napi::CallbackInfo& info) {
  std::string folder = Argument::of(info, 0, "restore: folder").utf8_without_nul();
  const auto body = [slot = slot_, folder = std::move(folder)](train::Trainer& trainer,
                                                               const Stop&) {
    train::restore_checkpoint(trainer, folder);
    slot->publish(trainer);
    return Nothing{};
  };
  return start(info.Env(), "restore", body, &undefined_of);
}

Napi::Value Trainer::stop(const Napi::CallbackInfo& info) {
  slot_->stop();
  return info.Env().Undefined();
}

Napi::Value Trainer::memory(const Napi::CallbackInfo& info) {
  return bill_to_javascript(info.Env(), slot_->bill());
}

Napi::Value Trainer::dispose(const Napi::CallbackInfo& info) {
  slot_->dispose();
  reported_->close();
  const auto release = [slot = slot_] {
    slot->release();
    return Nothing{};
  };
  return start_task(info.Env(), release, &undefined_of);
}

Napi::Value create_trainer(const Napi::CallbackInfo& info) {
  const void* model = unwrap(info[0], Model::kTag, Model::kName);
  const auto& engine = static_cast<const Model*>(model)->engine("create_trainer");
  train::TrainerSettings settings =
      read_settings(Argument::of(info, 1, "create_trainer: settings"));
  auto slot = std::make_shared<TrainerSlot>(engine, std::move(settings));
  Environment& environment = Environment::of(info.Env());
  environment.stop_at_end(TrainerSlot::stop_of(slot));
  return wrap_native(info.Env(), environment.classes.trainer,
                     std::make_unique<Trainer>(info.Env(), std::move(slot)));
}

}  // namespace albert::addon
