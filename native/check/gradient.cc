// Holds the reference's backward ops against finite differences.
#include "check/gradient.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>

#include "core/error.h"

namespace albert::checks {

namespace {

constexpr double kAllowed = 1e-6;
/// A gradient smaller than this everywhere is held to this size.
constexpr double kSmallest = 1e-3;
/// Of elements of order 1. The formula of five points errs by its fourth power.
constexpr double kStep = 1e-5;
/// Elements of a tensor that are compared, and operations that they may take together.
constexpr int64_t kSampled = 24;
constexpr double kFlops = 2e7;

/// The elements of a tensor that are compared: all, or a sample that the name draws; few where each
/// takes `flops` operations of a large case.
std::vector<int64_t> chosen_elements(const std::string& name, int64_t count, double flops) {
  const int64_t most = std::clamp(int64_t(kFlops / std::max(flops, 1.0)), int64_t{1}, kSampled);
  std::vector<int64_t> elements;
  if (count <= most) {
    for (int64_t i = 0; i < count; ++i) elements.push_back(i);
    return elements;
  }
  ValueSource source(name);
  for (const int32_t i : source.indices(most, count)) elements.push_back(i);
  return elements;
}

/// A pair on the reference.
class Experiment {
 public:
  explicit Experiment(const OpPair& pair)
      : pair_(pair),
        reference_(open_backend({.device = "reference", .dtype = "fp32", .instruction_set = ""})),
        executor_(reference_->executor(1)) {}

  std::vector<OutputValues> gradients() {
    Stage stage{*reference_};
    Fixture fixture(stage);
    const BoundOp op = pair_.backward(fixture, pair_.arrays);
    op.run(*executor_);
    flops_ = op.flops;
    if (const auto damage = fixture.damage(); !damage.empty()) {
      throw Error(ErrorCode::kBackend, "the reference " + damage.front());
    }
    return fixture.outputs();
  }

  /// Operations that gradients() took: about twice those of a forward.
  double flops() const { return flops_; }

  /// The slope of the objective along one element of an input, by four values around it.
  double slope(const std::string& input, int64_t element) {
    Arrays arrays = pair_.arrays;
    double& value = arrays.at(input).values[size_t(element)];
    const double center = value, step = kStep * std::max(1.0, std::abs(center));
    const auto at = [&](double offset) {
      value = center + offset;
      return objective(arrays);
    };
    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  }

 private:
  double objective(const Arrays& arrays) {
    Stage stage{*reference_};
    Fixture fixture(stage);
    pair_.forward(fixture, arrays).run(*executor_);
    const std::vector<double>& factors = arrays.at("d" + pair_.objective).values;
    long double sum = 0;
    for (const OutputValues& output : fixture.outputs()) {
      if (output.name != pair_.objective) continue;
      for (size_t i = 0; i < factors.size(); ++i)
        sum += (long double)(output.values[i]) * factors[i];
    }
    return double(sum);
  }

  const OpPair& pair_;
  std::shared_ptr<Backend> reference_;
  std::unique_ptr<Ops> executor_;
  double flops_ = 0;
};

/// What the gradient of an element has besides the op's own slope: what it began from, and what
/// reaches the input past the op.
double beside(const OpPair& pair, const OutputValues& gradient, const std::string& input,
              int64_t element) {
  double value = 0;
  if (gradient.accumulated) value += pair.arrays.at(gradient.name).values[size_t(element)];
  if (pair.skipped == input) value += pair.arrays.at("dresidual").values[size_t(element)];
  return value;
}

GradientError compare(const OpPair& pair, Experiment& experiment, const OutputValues& gradient) {
  const std::string input = gradient.name.substr(1);
  double worst = 0, largest = kSmallest;
  const auto elements =
      chosen_elements(gradient.name, int64_t(gradient.values.size()), 2 * experiment.flops());
  for (const int64_t element : elements) {
    const double onwards = pair.onwards ? pair.onwards(input, element) : 1;
    const double arrived =
        experiment.slope(input, element) + beside(pair, gradient, input, element);
    const double expected = onwards * arrived;
    const double away = std::abs(gradient.values[size_t(element)] - expected);
    worst = std::max(worst, std::isnan(away) ? INFINITY : away);
    largest = std::max(largest, std::abs(expected));
  }
  return {gradient.name, int64_t(elements.size()), worst / largest, kAllowed};
}

std::string describe(const GradientError& error) {
  char text[120];
  std::snprintf(text, sizeof text, ": relative error %.3g (allowed %.3g), %lld elements",
                error.max_relative, error.allowed, (long long)error.compared);
  return error.name + text;
}

}  // namespace

GradientReport check_gradient(const OpCase& op_case) {
  GradientReport report{op_case.name, op_case.op, {}, {}};
  try {
    OpPair pair = op_case.pair();
    add_kept(pair, Precision::kFloat64);
    Experiment experiment(pair);
    for (const OutputValues& gradient : experiment.gradients()) {
      report.gradients.push_back(compare(pair, experiment, gradient));
      const GradientError& error = report.gradients.back();
      if (!error.passed()) report.failures.push_back(describe(error));
    }
  } catch (const std::exception& error) {
    report.failures.push_back(std::string("threw: ") + error.what());
  }
  return report;
}

}  // namespace albert::checks
