// Runs the gradients of one batch on the pool; gradients → JavaScript tensors.
#include "addon/gradients.h"

#include <cstring>
#include <string>
#include <utility>

#include "addon/arguments.h"
#include "addon/forward_request.h"
#include "addon/load_request.h"
#include "addon/task.h"
#include "addon/training_batch.h"
#include "engine/weight_cache.h"

namespace albert::addon {

namespace {

constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

int64_t count_or_zero(const Argument& object, const char* key, int64_t most) {
  const Argument field = object.field(key);
  return field.absent() ? 0 : field.integer(0, most);
}

train::GradientOptions read_options(const Argument& object) {
  train::GradientOptions options;
  const Argument dialect = object.field("dialect");
  if (!dialect.absent()) options.dialect = read_dialect(dialect);
  if (flag(object, "recompute")) options.keep = model::Keep::kInputs;
  options.dropout = flag(object, "dropout");
  options.select_rows = !flag(object, "all_rows");
  options.seed = uint64_t(count_or_zero(object, "seed", kMaxSafeInteger));
  options.update = uint64_t(count_or_zero(object, "update", kMaxSafeInteger));
  return options;
}

Napi::Object tensor_of(Napi::Env env, const train::NamedGradient& gradient) {
  Napi::Array dims = Napi::Array::New(env, gradient.shape.size());
  for (size_t i = 0; i < gradient.shape.size(); ++i) {
    dims.Set(uint32_t(i), double(gradient.shape[i]));
  }
  Napi::Float64Array data = Napi::Float64Array::New(env, gradient.values.size());
  std::memcpy(data.Data(), gradient.values.data(), gradient.values.size() * sizeof(double));
  Napi::Object tensor = Napi::Object::New(env);
  tensor.Set("dims", dims);
  tensor.Set("data", data);
  return tensor;
}

}  // namespace

Napi::Value gradients_to_javascript(Napi::Env env, const train::BatchGradients& result) {
  Napi::Object gradients = Napi::Object::New(env);
  for (const train::NamedGradient& gradient : result.gradients) {
    gradients.Set(gradient.name, tensor_of(env, gradient));
  }
  double bytes = 0;
  for (const BillItem& item : result.bill) bytes += double(item.bytes);
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.losses.total);
  object.Set("mlm_loss", result.losses.masked_lm);
  object.Set("sop_loss", result.losses.sentence_order);
  object.Set("gradients", gradients);
  object.Set("activation_bytes", bytes);
  return object;
}

Napi::Value batch_gradients(const Napi::CallbackInfo& info) {
  engine::LoadRequest load = read_load_request(Argument::of(info, 0, "batch_gradients: load"));
  engine::JobRequest request =
      read_forward_request(Argument::of(info, 1, "batch_gradients: batch"));
  const Argument object = Argument::of(info, 2, "batch_gradients: options");
  const train::GradientOptions options = read_options(object);
  const int64_t first = count_or_zero(object, "first_sequence", (int64_t{1} << 31) - 1);
  const auto work = [load = std::move(load), request = std::move(request), options, first] {
    const auto weights = engine::load_weights(load).weights;
    return train::batch_gradients(weights, training_batch(weights->architecture, request, first),
                                  options);
  };
  return start_task(info.Env(), work, &gradients_to_javascript);
}

}  // namespace albert::addon
