// Cases of the elementwise activations, and of the functions behind them over all of float32.
#include <algorithm>
#include <cmath>
#include <limits>

#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  Activation activation;
  int64_t rows;
  int64_t columns;
  double range;  // uniform in (-range, range)
  bool sliced;   // x and y are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  return std::string("activation/") + albert::name_of(s.activation) +
         ",rows=" + std::to_string(s.rows) + ",columns=" + std::to_string(s.columns) +
         ",range=" + std::to_string(int64_t(s.range)) + (s.sliced ? ",sliced" : "");
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  HostArray x = source.uniform_matrix(s.rows, s.columns, -s.range, s.range);
  if (x.values.size() > 2) x.values[1] = 0;
  const Placement x_placement{.left = s.sliced ? 1 : 0, .right = s.sliced ? 2 : 0};
  const Placement y_placement{.left = s.sliced ? 5 : 0, .right = s.sliced ? 1 : 0};
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const ActivationForward op{
        .y = fixture.output("y", rows, s.columns, y_placement),
        .x = fixture.input(x, rows, x_placement),
        .activation = s.activation,
    };
    return bound(op, &Ops::activation_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back({"activation", name_of(s), s.rows, 1, timed, [s] { return make(s); }});
}

void add_all(CaseList& cases, Activation activation) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    const double range = rows % 3 == 0 ? 1 : 6;
    add(cases, {activation, rows, columns, range, rows % 4 == 2});
  }
  add(cases, {activation, 3, 1001, 20, false});
  add(cases, {activation, 3, 100, 10000, false});  // saturated: no overflow on the way
  add(cases, {activation, 16, 3072, 3, false}, true);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kDenormal = 0x1p-149;  // float32's smallest number
constexpr int64_t kSweepRows = 16;

/// The distance of float32 numbers around y.
double ulp(double y) {
  return y < 0x1p-126 ? kDenormal : std::ldexp(1.0, std::ilogb(y) - 23);
}

/// Numbers of every size and both signs, more of the sizes that occur, and those that are none.
HostArray sweep(const std::string& name, Activation activation) {
  ValueSource source(name);
  std::vector<double> values = {0.0, -0.0, kInfinity, std::nan("")};
  // −∞ · 0 is no number, so what a GELU of −∞ is stays open.
  const bool gelu = activation == Activation::kGeluTanh || activation == Activation::kGeluErf;
  if (!gelu) values.push_back(-kInfinity);
  for (const double x : source.every_exponent(8)) values.insert(values.end(), {x, -x});
  for (const double range : {1.0, 6.0, 100.0}) {
    const HostArray common = source.uniform_matrix(1, 2000, -range, range);
    values.insert(values.end(), common.values.begin(), common.values.end());
  }
  values.resize((values.size() + kSweepRows - 1) / kSweepRows * kSweepRows, 1.0);
  return {kSweepRows, int64_t(values.size()) / kSweepRows, false, std::move(values)};
}

/// The bounds that ops/cpu/isa/vector_math.h states.
double allowed(Activation activation, double x) {
  const double size = std::isfinite(x) ? std::max(1.0, std::abs(x)) : 1;
  switch (activation) {
    case Activation::kNone:
    case Activation::kRelu:
      return kDenormal / 2;  // exact
    case Activation::kGeluTanh:
      return 1.3e-7 * size;
    case Activation::kGeluErf:
      return 1.1e-7 * size;
    case Activation::kTanh:
      return std::isnan(x) ? 1 : std::min(9e-8, kDenormal / 2 + 2e-7 * std::abs(std::tanh(x)));
  }
  return 0;
}

void add_sweep(CaseList& cases, Activation activation) {
  const std::string name = std::string("activation/") + albert::name_of(activation) + ",sweep";
  const auto make = [=] {
    const HostArray x = sweep(name, activation);
    return [=, rows = Partition::each(x.rows)](Fixture& fixture) {
      const ActivationForward op{.y = fixture.output("y", rows, x.columns),
                                 .x = fixture.input(x, rows),
                                 .activation = activation};
      return bound(op, &Ops::activation_forward);
    };
  };
  const auto bounds = [=] {
    std::vector<double> each = sweep(name, activation).values;
    for (double& value : each) value = allowed(activation, value);
    return each;
  };
  cases.push_back({"activation", name, kSweepRows, 1, false, make, bounds});
}

/// Rows of 0 and x <= 0, whose softmax is 1 and e^x, both divided by their sum.
HostArray exponents(const std::string& name) {
  ValueSource source(name);
  std::vector<double> values = {0, 0, 0, -kInfinity};
  for (const double x : source.every_exponent(4)) values.insert(values.end(), {0, -x});
  for (const double x : source.uniform_matrix(1, 1000, -90, 0).values) {
    values.insert(values.end(), {0, x});
  }
  return {int64_t(values.size()) / 2, 2, false, std::move(values)};
}

/// e^x is good to 2 ulp down to −87.3 and may be 0 below. From −17.4 on, the sum and the division
/// by it round as well; below, they leave e^x as it is.
std::vector<double> exponential_bounds(const HostArray& x) {
  std::vector<double> each;
  for (int64_t row = 0; row < x.rows; ++row) {
    const double exponent = x.values[size_t(2 * row + 1)], power = std::exp(exponent);
    const int ulps = exponent < -17.4 ? 2 : 5;
    each.push_back(ulps * ulp(1 / (1 + power)));
    each.push_back(exponent < -87.3 ? std::exp(-87.3) : ulps * ulp(power / (1 + power)));
  }
  return each;
}

void add_exponential_sweep(CaseList& cases) {
  const std::string name = "softmax/exponential,sweep";
  const auto make = [=] {
    const HostArray x = exponents(name);
    return [=, rows = Partition::each(x.rows)](Fixture& fixture) {
      const SoftmaxForward op{.y = fixture.output("y", rows, x.columns),
                              .x = fixture.input(x, rows),
                              .cu_seqlens = {},
                              .logarithm = false};
      return bound(op, &Ops::softmax_forward);
    };
  };
  const auto bounds = [=] { return exponential_bounds(exponents(name)); };
  cases.push_back({"softmax", name, exponents(name).rows, 1, false, make, bounds});
}

}  // namespace

void add_activation_cases(CaseList& cases) {
  for (const Activation activation : {Activation::kNone, Activation::kGeluTanh,
                                      Activation::kGeluErf, Activation::kRelu, Activation::kTanh}) {
    add_all(cases, activation);
    add_sweep(cases, activation);
  }
  add_exponential_sweep(cases);
}

}  // namespace albert::checks
