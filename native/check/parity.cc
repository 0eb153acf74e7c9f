// Compares a backend with the reference, and its results with themselves in other company.
#include "check/parity.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>
#include <numeric>

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

std::shared_ptr<Backend> open_reference() {
  return open_backend({.device = "reference", .dtype = "fp32", .instruction_set = ""});
}

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

/// The first, the last and some of the items between.
std::vector<int64_t> sampled(int64_t items) {
  const int64_t step = std::max<int64_t>(1, items / kItemsOfLargeCase);
  std::vector<int64_t> sample;
  for (int64_t item = 0; item < items; ++item) {
    if (item % step == 0 || item == items - 1) sample.push_back(item);
  }
  return sample;
}

/// The rows of some items, one after the other.
OutputValues rows_of(const OutputValues& all, const std::vector<int64_t>& items) {
  OutputValues rows = all;
  rows.values.clear();
  for (const int64_t item : items) {
    const auto first = all.values.begin() + all.partition.offsets[size_t(item)] * all.columns;
    rows.values.insert(rows.values.end(), first, first + all.partition.rows_of(item) * all.columns);
  }
  return rows;
}

/// NaN where a number was expected counts as infinitely far, and so does a number for NaN.
double distance(double actual, double expected) {
  if (std::isnan(actual) || std::isnan(expected)) {
    return std::isnan(actual) == std::isnan(expected) ? 0 : std::numeric_limits<double>::infinity();
  }
  return actual == expected ? 0 : std::abs(actual - expected);  // infinities have no difference
}

/// What an output's errors are measured with.
struct Scale {
  Tolerance tolerance;
  double magnitude;
  double least_norm;  // an output of a smaller norm is taken to have this one
};

double norm_of(const std::vector<OutputValues>& outputs) {
  double squares = 0;
  for (const OutputValues& output : outputs) {
    for (const double value : output.values) squares += value * value;
  }
  return std::sqrt(squares);
}

/// Gradients may be zero but for rounding (of a query with one key): their errors are those of the
/// other gradients. In narrow types what cancels was rounded before.
double least_norm(const ExpectedCase& expected, const std::string& dtype) {
  if (!expected.op_case.pair) return 0;
  return (dtype == "fp32" ? 1e-3 : 1) * norm_of(expected.outputs);
}

OutputError error_of(const OutputValues& actual, const OutputValues& expected, const Scale& scale) {
  const auto& [tolerance, magnitude, least_norm] = scale;
  double largest = 1, worst = 0, error_squares = 0, squares = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double away = distance(actual.values[i], expected.values[i]);
    worst = std::max(worst, away);
    largest = std::max(largest, std::abs(expected.values[i]));
    error_squares += away * away;
    squares += expected.values[i] * expected.values[i];
  }
  const double norm = std::max(std::sqrt(squares), least_norm);
  const double relative = std::sqrt(error_squares) / (norm > 0 ? norm : 1);
  return {expected.name, worst, relative, tolerance.absolute * std::max(largest, magnitude),
          tolerance.relative_l2 * std::max(1.0, magnitude / largest)};
}

/// The number that is furthest off for what it is allowed.
OutputError error_of_each(const OutputValues& actual, const OutputValues& expected,
                          const std::vector<double>& allowed) {
  OutputError worst = {expected.name, 0, 0, allowed.at(0), 0};
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double away = distance(actual.values[i], expected.values[i]);
    if (away / allowed.at(i) <= worst.max_absolute / worst.allowed_absolute) continue;
    worst.max_absolute = away;
    worst.allowed_absolute = allowed.at(i);
  }
  return worst;
}

std::string describe(const OutputError& error) {
  return error.name + ": max absolute error " + in_words(error.max_absolute) + " (allowed " +
         in_words(error.allowed_absolute) + "), relative L2 error " + in_words(error.relative_l2) +
         " (allowed " + in_words(error.allowed_relative_l2) + ")";
}

void compare_with_reference(const ExpectedCase& expected, const Run& actual, ParityReport& report) {
  const OpCase& op_case = expected.op_case;
  const Scale scale = {.tolerance = tolerance_of(op_case.op, report.dtype, report.device),
                       .magnitude = op_case.magnitude,
                       .least_norm = least_norm(expected, report.dtype)};
  for (size_t i = 0; i < expected.outputs.size(); ++i) {
    const OutputValues& should_be = expected.outputs[i];
    const OutputValues is =
        expected.items.empty() ? actual.outputs[i] : rows_of(actual.outputs[i], expected.items);
    report.outputs.push_back(op_case.allowed ? error_of_each(is, should_be, op_case.allowed())
                                             : error_of(is, should_be, scale));
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
  if (!stage.backend.is_independent_of_company()) return;
  std::vector<int64_t> items = sampled(expected.op_case.items);
  if (whole.flops <= kLargeFlops) {
    items.resize(size_t(expected.op_case.items));
    std::iota(items.begin(), items.end(), 0);
  }
  for (const int64_t item : items) {
    const Run alone = run(expected.binder, stage, 1, item);
    compare_bits(whole, alone, item, "for item " + std::to_string(item) + " alone", report);
  }
}

}  // namespace

double flops_of(const OpCase& op_case) {
  const std::shared_ptr<Backend> reference = open_reference();
  Stage stage{*reference};
  Fixture fixture(stage, {});
  return op_case.make()(fixture).flops;
}

ExpectedCase expect(const OpCase& op_case) {
  const std::shared_ptr<Backend> reference = open_reference();
  Stage stage{*reference};
  ExpectedCase expected{.op_case = op_case, .binder = op_case.make(), .outputs = {}, .items = {}};
  // The sums of a backward op run over all rows: it is computed whole.
  const bool in_parts = op_case.heavy && !op_case.pair;
  if (in_parts) expected.items = sampled(op_case.items);
  const auto add = [&](std::optional<int64_t> item) {
    Run result = run(expected.binder, stage, 1, item);
    if (!result.damage.empty()) {
      throw Error(ErrorCode::kBackend,
                  op_case.name + ": the reference itself " + result.damage.front());
    }
    if (expected.outputs.empty()) return std::swap(expected.outputs, result.outputs);
    for (size_t i = 0; i < result.outputs.size(); ++i) {
      std::vector<double>& values = expected.outputs[i].values;
      values.insert(values.end(), result.outputs[i].values.begin(), result.outputs[i].values.end());
    }
  };
  if (!in_parts) add({});
  for (const int64_t item : expected.items) add(item);
  return expected;
}

ParityReport check_parity(const ExpectedCase& expected, Backend& backend, bool once) {
  ParityReport report{.case_name = expected.op_case.name,
                      .op = expected.op_case.op,
                      .device = backend.name(),
                      .instruction_set = backend.instruction_set(),
                      .dtype = backend.dtype(),
                      .outputs = {},
                      .failures = {}};
  try {
    Stage stage{backend};
    const Run whole = run(expected.binder, stage, 1);
    report.failures = whole.damage;
    compare_with_reference(expected, whole, report);
    if (!once) check_company(expected, stage, whole, report);
  } catch (const std::exception& error) {
    report.failures.push_back(std::string("threw: ") + error.what());
  }
  return report;
}

}  // namespace albert::checks
