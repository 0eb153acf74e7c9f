// Compares a backend with the reference, and its results with themselves in other company.
#include "check/parity.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>

#include "check/tolerance.h"
#include "core/error.h"

namespace albert::checks {

namespace {

constexpr int kWidths[] = {2, 5};
// Large cases have the first, the last and some of the items between run alone.
constexpr double kLargeFlops = 2e7;
constexpr int64_t kItemsOfLargeCase = 12;

struct Run {
  std::vector<OutputValues> outputs;
  std::vector<std::string> damage;
  double flops;
};

Run run(const Binder& binder, Stage& stage, int width, std::optional<int64_t> item = {}) {
  Fixture fixture(stage, item);
  const BoundOp op = binder(fixture);
  op.run(*stage.backend.executor(width));
  return {fixture.outputs(), fixture.damage(), op.flops};
}

std::string in_words(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// NaN where a number was expected counts as infinitely far.
double distance(double actual, double expected) {
  if (std::isnan(actual)) return std::isnan(expected) ? 0 : std::numeric_limits<double>::infinity();
  return std::abs(actual - expected);
}

OutputError error_of(const OutputValues& actual, const OutputValues& expected,
                     const Tolerance& tolerance, double magnitude) {
  double largest = 1, worst = 0, error_squares = 0, squares = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double away = distance(actual.values[i], expected.values[i]);
    worst = std::max(worst, away);
    largest = std::max(largest, std::abs(expected.values[i]));
    error_squares += away * away;
    squares += expected.values[i] * expected.values[i];
  }
  const double relative = std::sqrt(error_squares / (squares > 0 ? squares : 1));
  return {expected.name, worst, relative, tolerance.absolute * std::max(largest, magnitude),
          tolerance.relative_l2 * std::max(1.0, magnitude / largest)};
}

std::string describe(const OutputError& error) {
  return error.name + ": max absolute error " + in_words(error.max_absolute) + " (allowed " +
         in_words(error.allowed_absolute) + "), relative L2 error " + in_words(error.relative_l2) +
         " (allowed " + in_words(error.allowed_relative_l2) + ")";
}

void compare_with_reference(const ExpectedCase& expected, const Run& actual, DType dtype,
                            ParityReport& report) {
  const Tolerance tolerance = tolerance_of(expected.op_case.op, dtype);
  for (size_t i = 0; i < expected.outputs.size(); ++i) {
    report.outputs.push_back(
        error_of(actual.outputs[i], expected.outputs[i], tolerance, expected.op_case.magnitude));
    if (!report.outputs.back().passed()) report.failures.push_back(describe(report.outputs.back()));
  }
}

/// Whether `part` holds, bit by bit, the numbers that `whole` has from row `first` on.
bool same_bits(const OutputValues& whole, const OutputValues& part, int64_t first) {
  return std::equal(
      part.values.begin(), part.values.end(), whole.values.begin() + first * whole.columns,
      [](double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); });
}

void compare_bits(const Run& whole, const Run& other, std::optional<int64_t> item,
                  const std::string& company, ParityReport& report) {
  for (size_t i = 0; i < whole.outputs.size(); ++i) {
    if (item && whole.outputs[i].accumulated) continue;
    const int64_t first = item ? whole.outputs[i].partition.offsets[size_t(*item)] : 0;
    if (!same_bits(whole.outputs[i], other.outputs[i], first)) {
      report.failures.push_back(whole.outputs[i].name + ": other bits " + company);
    }
  }
  for (const std::string& line : other.damage) report.failures.push_back(line + " " + company);
}

void check_company(const ExpectedCase& expected, Stage& stage, const Run& whole,
                   ParityReport& report) {
  for (const int width : kWidths) {
    const Run wide = run(expected.binder, stage, width);
    compare_bits(whole, wide, {}, "with " + std::to_string(width) + " threads", report);
  }
  const int64_t items = expected.op_case.items;
  const int64_t step =
      whole.flops > kLargeFlops ? std::max<int64_t>(1, items / kItemsOfLargeCase) : 1;
  for (int64_t item = 0; item < items; ++item) {
    if (item % step != 0 && item != items - 1) continue;
    const Run alone = run(expected.binder, stage, 1, item);
    compare_bits(whole, alone, item, "for item " + std::to_string(item) + " alone", report);
  }
}

}  // namespace

ExpectedCase expect(const OpCase& op_case) {
  const std::shared_ptr<Backend> reference =
      open_backend({.device = "reference", .dtype = "fp32", .instruction_set = ""});
  Stage stage{*reference};
  Binder binder = op_case.make();
  Run result = run(binder, stage, 1);
  if (!result.damage.empty()) {
    throw Error(ErrorCode::kBackend,
                op_case.name + ": the reference itself " + result.damage.front());
  }
  return {op_case, std::move(binder), std::move(result.outputs)};
}

ParityReport check_parity(const ExpectedCase& expected, Backend& backend) {
  ParityReport report{
      expected.op_case.name, expected.op_case.op, backend.instruction_set(), {}, {}};
  try {
    Stage stage{backend};
    const Run whole = run(expected.binder, stage, 1);
    report.failures = whole.damage;
    compare_with_reference(expected, whole, backend.activation_dtype(), report);
    check_company(expected, stage, whole, report);
  } catch (const std::exception& error) {
    report.failures.push_back(std::string("threw: ") + error.what());
  }
  return report;
}

}  // namespace albert::checks
