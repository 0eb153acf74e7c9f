// An optimizer on a caller's own numbers, update by update: for tests and research.
#pragma once

#include <string>
#include <vector>

#include "train/optimizer.h"
#include "train/schedule.h"

namespace albert::train {

/// A parameter in host memory.
struct TraceParameter {
  std::string name;
  std::vector<double> values;
};

struct TraceRequest {
  BackendOptions backend;
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  std::vector<TraceParameter> parameters;
  /// For each update, in the order of the parameters.
  std::vector<std::vector<std::vector<double>>> gradients;
};

struct TraceUpdate {
  double learning_rate;
  UpdateReport report;
  std::vector<double> trust_ratios;         // LAMB only
  std::vector<std::vector<double>> values;  // of the parameters, after the update
};

/// Throws Error{kRange} for settings out of range, Error{kShape} where a gradient does not have its
/// parameter's size, and what open_backend throws.
std::vector<TraceUpdate> trace_optimizer(const TraceRequest& request);

}  // namespace albert::train
