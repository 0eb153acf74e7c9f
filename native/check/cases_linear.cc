// Cases of the affine map.
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "check/cases.h"
#include "core/dtype.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t rows;
  int64_t inputs;
  int64_t outputs;
  Activation activation = Activation::kNone;
  bool bias = true;
  bool preactivation = false;
  int parts = 1;                    // matrices stacked along the outputs
  bool sliced = false;              // x, y and preactivation are columns of wider matrices
  Kind output = Kind::kActivation;  // of y and preactivation
};

std::string name_of(const Sizes& s) {
  std::string name = "linear/rows=" + std::to_string(s.rows) +
                     ",inputs=" + std::to_string(s.inputs) +
                     ",outputs=" + std::to_string(s.outputs);
  if (s.activation != Activation::kNone) name += std::string(",") + name_of(s.activation);
  if (!s.bias) name += ",no_bias";
  if (s.preactivation) name += ",preactivation";
  if (s.parts > 1) name += ",parts=" + std::to_string(s.parts);
  if (s.output == Kind::kMaster) name += ",to_master";
  return name + (s.sliced ? ",sliced" : "");
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  const HostArray x = source.matrix(s.rows, s.inputs);
  const HostArray weight = source.matrix(s.outputs, s.inputs, 1 / std::sqrt(double(s.inputs)));
  const HostArray bias = source.vector(s.outputs);
  const Placement x_placement{.left = s.sliced ? 3 : 0, .right = s.sliced ? 2 : 0};
  const Placement y_placement{
      .kind = s.output, .left = s.sliced ? s.outputs : 0, .right = s.sliced ? 1 : 0};
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const LinearForward op{
        .y = fixture.output("y", rows, s.outputs, y_placement),
        .preactivation = s.preactivation
                             ? fixture.output("preactivation", rows, s.outputs, y_placement)
                             : Tensor{},
        .x = fixture.input(x, rows, x_placement),
        .weight = fixture.weight(weight, s.bias ? &bias : nullptr, s.parts),
        .activation = s.activation,
    };
    return bound(op, &Ops::linear_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back({.op = "linear",
                   .name = name_of(s),
                   .items = s.rows,
                   .magnitude = 1,
                   .timed = timed,
                   .make = [s] { return make(s); },
                   .allowed = {},
                   .heavy = s.rows > 128 && timed});
}

/// Every awkward size as rows, as inputs and as outputs, with the epilogues taking turns.
void add_awkward(CaseList& cases) {
  constexpr Activation kTurns[] = {Activation::kNone, Activation::kGeluTanh, Activation::kGeluErf,
                                   Activation::kRelu, Activation::kTanh};
  constexpr size_t kCount = std::size(kAwkwardSizes);
  for (size_t i = 0; i < kCount; ++i) {
    for (const size_t turn : {1, 5, 8}) {
      add(cases, {.rows = kAwkwardSizes[i],
                  .inputs = kAwkwardSizes[(i + turn) % kCount],
                  .outputs = kAwkwardSizes[(i + 7 * turn) % kCount],
                  .activation = kTurns[(i + turn) % std::size(kTurns)],
                  .bias = (i + turn) % 3 != 0,
                  .preactivation = (i + turn) % 2 == 0,
                  .sliced = i % 4 == 1,
                  .output = i % 3 == 1 ? Kind::kMaster : Kind::kActivation});
    }
  }
}

/// Few rows and few outputs against each other: where blocks end early.
void add_edges(CaseList& cases) {
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 29}) {
    for (const int64_t outputs : {1, 15, 16, 17, 48, 64, 97}) {
      add(cases, {.rows = rows, .inputs = 33, .outputs = outputs});
    }
  }
}

void add_real(CaseList& cases) {
  for (const int64_t rows : {1, 7, 128, 512, 4096}) {
    const bool timed = rows != 7;
    add(cases, {.rows = rows, .inputs = 128, .outputs = 768}, timed);
    add(cases, {.rows = rows, .inputs = 768, .outputs = 768}, timed);
    add(cases, {.rows = rows, .inputs = 768, .outputs = 2304, .parts = 3}, timed);
    add(cases, {.rows = rows, .inputs = 768, .outputs = 3072, .activation = Activation::kGeluTanh},
        timed);
    add(cases, {.rows = rows, .inputs = 3072, .outputs = 768}, timed);
  }
  add(cases, {.rows = 7,
              .inputs = 768,
              .outputs = 128,
              .activation = Activation::kGeluErf,
              .preactivation = true});
  add(cases, {.rows = 3, .inputs = 128, .outputs = 30000}, true);
  add(cases, {.rows = 2, .inputs = 768, .outputs = 2});
  add(cases, {.rows = 5, .inputs = 768, .outputs = 2304, .parts = 3, .sliced = true});
}

/// Numbers that every arithmetic holds exactly, float16 too, of every such size and both signs.
HostArray sweep(const std::string& name) {
  ValueSource source(name);
  std::vector<double> values = {0.0};
  for (const double x : source.every_exponent(4)) {
    if (x > 0x1p-13 && x < 0x1p15) values.insert(values.end(), {x, -x});
  }
  for (const double range : {1.0, 6.0, 20.0}) {
    const HostArray common = source.uniform_matrix(1, 1500, -range, range);
    values.insert(values.end(), common.values.begin(), common.values.end());
  }
  for (double& value : values) value = double(to_float(to_bfloat16(float(value))));
  return {int64_t(values.size()), 1, false, std::move(values)};
}

/// Half of what float16 counts in near zero.
constexpr double kHalfStep = 0x1p-25;

/// Products by one: y is the activation of x, within the bound that ops/cpu/isa/vector_math.h
/// states for results that are rounded later.
void add_sweep(CaseList& cases, Activation activation) {
  const std::string name = std::string("linear/") + albert::name_of(activation) + ",sweep";
  const auto make = [=] {
    const HostArray x = sweep(name), one = {1, 1, false, {1.0}};
    return [=, rows = Partition::each(x.rows)](Fixture& fixture) {
      const LinearForward op{.y = fixture.output("y", rows, 1, {.kind = Kind::kMaster}),
                             .preactivation = {},
                             .x = fixture.input(x, rows),
                             .weight = fixture.weight(one, nullptr, 1),
                             .activation = activation};
      return bound(op, &Ops::linear_forward);
    };
  };
  const auto bounds = [=] {
    std::vector<double> each = sweep(name).values;
    for (double& x : each) x = 1e-3 * std::abs(activate(activation, x)) + kHalfStep;
    return each;
  };
  cases.push_back({.op = "linear",
                   .name = name,
                   .items = sweep(name).rows,
                   .magnitude = 1,
                   .timed = false,
                   .make = make,
                   .allowed = bounds});
}

}  // namespace

void add_linear_cases(CaseList& cases) {
  add_awkward(cases);
  add_edges(cases);
  add_real(cases);
  add(cases, {.rows = 0, .inputs = 5, .outputs = 7});
  add(cases, {.rows = 5, .inputs = 13, .outputs = 31, .parts = 4});
  add_sweep(cases, Activation::kGeluTanh);
  add_sweep(cases, Activation::kGeluErf);
}

}  // namespace albert::checks
