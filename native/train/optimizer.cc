// Binds parameters to the optimizer ops.
#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace albert::train {

namespace {

void require(bool holds, const char* name, const std::string& expected, double got) {
  if (holds) return;
  throw Error(ErrorCode::kRange, std::string("optimizer: ") + name + ": expected " + expected +
                                     ", got " + std::to_string(got));
}

bool is_excluded(const std::string& name, const std::vector<std::string>& exclude) {
  return std::any_of(exclude.begin(), exclude.end(),
                     [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

/// A tensor of like's shape on other memory.
Tensor same_shape(const Tensor& memory, const Tensor& like) {
  Tensor tensor = like;
  tensor.data = memory.data;
  tensor.row_stride = like.columns();
  return tensor;
}

}  // namespace

OptimizerKind optimizer_kind(const std::string& name) {
  if (name == "adamw") return OptimizerKind::kAdamW;
  if (name == "lamb") return OptimizerKind::kLamb;
  throw Error(ErrorCode::kRange, "optimizer: expected \"adamw\" or \"lamb\", got \"" + name + "\"");
}

void validate(const OptimizerSettings& settings) {
  require(settings.beta1 >= 0 && settings.beta1 < 1, "adam_beta1", "0 to below 1", settings.beta1);
  require(settings.beta2 >= 0 && settings.beta2 < 1, "adam_beta2", "0 to below 1", settings.beta2);
  require(settings.epsilon > 0 && std::isfinite(settings.epsilon), "adam_epsilon", "above 0",
          settings.epsilon);
  require(settings.weight_decay >= 0 && std::isfinite(settings.weight_decay), "weight_decay",
          "at least 0", settings.weight_decay);
  require(settings.max_grad_norm >= 0 && std::isfinite(settings.max_grad_norm), "max_grad_norm",
          "at least 0 (0: never clip)", settings.max_grad_norm);
}

std::vector<TrainedParameter> trained_parameters(model::AlbertParams& weights,
                                                 model::AlbertParams& gradients,
                                                 const model::Architecture& architecture) {
  std::vector<TrainedParameter> parameters;
  for_each(weights, architecture, [&](const model::ParameterSpec& spec, Tensor& weight) {
    parameters.push_back({spec.name, weight, {}});
  });
  size_t index = 0;
  for_each(gradients, architecture, [&](const model::ParameterSpec&, Tensor& gradient) {
    parameters[index++].gradient = gradient;
  });
  return parameters;
}

Optimizer::Optimizer(Backend& backend, const std::vector<TrainedParameter>& parameters,
                     const OptimizerSettings& settings)
    : backend_(backend), settings_(settings), arena_(backend) {
  validate(settings_);
  for (const TrainedParameter& parameter : parameters) {
    const bool excluded = is_excluded(parameter.name, settings_.exclude);
    names_.push_back(parameter.name);
    gradients_.push_back(parameter.gradient);
    slots_.push_back({.weight = parameter.weight,
                      .moment = zeros("moments", parameter.weight),
                      .variance = zeros("variances", parameter.weight),
                      .gradient = parameter.gradient,
                      .decays = !excluded,
                      .adapts = !excluded});
  }
  square_sum_ = arena_.allocate("optimizer", DType::kF64, {1});
  factor_ = arena_.allocate("optimizer", DType::kF64, {1});
  norm_ = arena_.allocate("optimizer", DType::kF64, {1});
  finite_ = arena_.allocate("optimizer", DType::kI32, {1});
  if (settings_.kind == OptimizerKind::kLamb) {
    ratios_ = arena_.allocate("optimizer", DType::kF64, {int64_t(slots_.size())});
  }
}

Tensor Optimizer::zeros(const char* name, const Tensor& like) {
  constexpr int64_t kPiece = 1 << 16;
  const Tensor memory = arena_.allocate(name, like.dtype, {like.size()});
  const std::vector<std::byte> piece(size_t(kPiece) * size_of(like.dtype));
  for (int64_t begin = 0; begin < like.size(); begin += kPiece) {
    const int64_t count = std::min(kPiece, like.size() - begin);
    const size_t offset = size_t(begin) * size_of(like.dtype);
    const Tensor host(const_cast<std::byte*>(piece.data()), like.dtype, {count});
    backend_.upload(Tensor(memory.as<std::byte>() + offset, like.dtype, {count}), host);
  }
  return same_shape(memory, like);
}

AdamRates Optimizer::rates(double learning_rate) const {
  const double t = double(updates_ + 1);
  const bool corrected = settings_.bias_correction;
  return {.learning_rate = learning_rate,
          .beta1 = settings_.beta1,
          .beta2 = settings_.beta2,
          .epsilon = settings_.epsilon,
          .weight_decay = settings_.weight_decay,
          .correction1 = corrected ? 1 - std::pow(settings_.beta1, t) : 1,
          .correction2 = corrected ? 1 - std::pow(settings_.beta2, t) : 1};
}

UpdateReport Optimizer::update(Ops& ops, double learning_rate) {
  ops.square_sum({.sum = square_sum_, .inputs = gradients_});
  ops.clip_factor({.factor = factor_,
                   .norm = norm_,
                   .finite = finite_,
                   .square_sum = square_sum_,
                   .limit = settings_.max_grad_norm,
                   .rule = settings_.clip_rule});
  if (settings_.kind == OptimizerKind::kLamb) {
    ops.lamb_update({.ratios = ratios_,
                     .slots = slots_,
                     .clip_factor = factor_,
                     .finite = finite_,
                     .rates = rates(learning_rate)});
  } else {
    ops.adamw_update({.slots = slots_,
                      .clip_factor = factor_,
                      .finite = finite_,
                      .rates = rates(learning_rate)});
  }
  int32_t finite = 0;
  double norm = 0;
  Transfers transfers(backend_, ops);
  backend_.enqueue_download(ops, tensor_of(&finite, {1}), finite_);
  backend_.enqueue_download(ops, tensor_of(&norm, {1}), norm_);
  transfers.finish();
  if (finite != 0) ++updates_;
  return {norm, finite == 0};
}

void Optimizer::for_each_moment(
    const std::function<void(const std::string& name, Tensor& moment, Tensor& variance)>& visit) {
  for (size_t i = 0; i < slots_.size(); ++i) visit(names_[i], slots_[i].moment, slots_[i].variance);
}

std::vector<double> Optimizer::trust_ratios() const {
  std::vector<double> ratios(ratios_ ? slots_.size() : 0);
  if (ratios_) backend_.download(tensor_of(ratios.data(), {int64_t(ratios.size())}), ratios_);
  return ratios;
}

}  // namespace albert::train
