// Runs updates on flat parameters and notes each result.
#include "train/optimizer_trace.h"

#include "core/error.h"

namespace albert::train {

namespace {

Tensor host(const std::vector<double>& values) {
  return tensor_of(values.data(), {int64_t(values.size())});
}

std::vector<TrainedParameter> place(const TraceRequest& request, Backend& backend, Arena& arena) {
  std::vector<TrainedParameter> parameters;
  for (const TraceParameter& parameter : request.parameters) {
    const int64_t size = int64_t(parameter.values.size());
    const DType dtype = backend.master_dtype();
    parameters.push_back({parameter.name, arena.allocate("weights", dtype, {size}),
                          arena.allocate("gradients", dtype, {size})});
    backend.upload(parameters.back().weight, host(parameter.values));
  }
  return parameters;
}

void upload_gradients(const std::vector<std::vector<double>>& gradients,
                      const std::vector<TrainedParameter>& parameters, Backend& backend) {
  if (gradients.size() != parameters.size()) {
    throw Error(ErrorCode::kShape, "trace_optimizer: expected a gradient for each of " +
                                       std::to_string(parameters.size()) + " parameters, got " +
                                       std::to_string(gradients.size()));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (int64_t(gradients[i].size()) != parameters[i].gradient.size()) {
      throw Error(ErrorCode::kShape, "trace_optimizer: gradient of " + parameters[i].name +
                                         ": expected " +
                                         std::to_string(parameters[i].gradient.size()) +
                                         " numbers, got " + std::to_string(gradients[i].size()));
    }
    backend.upload(parameters[i].gradient, host(gradients[i]));
  }
}

}  // namespace

std::vector<TraceUpdate> trace_optimizer(const TraceRequest& request) {
  validate(request.schedule);
  const std::shared_ptr<Backend> backend = open_backend(request.backend);
  Arena arena(*backend);
  const std::vector<TrainedParameter> parameters = place(request, *backend, arena);
  Optimizer optimizer(*backend, parameters, request.optimizer);
  const std::unique_ptr<Ops> ops = backend->executor(thread_budget().threads);
  std::vector<TraceUpdate> updates;
  for (const auto& gradients : request.gradients) {
    upload_gradients(gradients, parameters, *backend);
    TraceUpdate& update = updates.emplace_back();
    update.learning_rate = learning_rate_at(request.schedule, int64_t(updates.size()) - 1);
    update.report = optimizer.update(*ops, update.learning_rate);
    update.trust_ratios = optimizer.trust_ratios();
    for (const TrainedParameter& parameter : parameters) {
      std::vector<double>& values = update.values.emplace_back(size_t(parameter.weight.size()));
      backend->download(host(values), parameter.weight);
    }
  }
  return updates;
}

}  // namespace albert::train
