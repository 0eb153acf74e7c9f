// Cases of the affine map.
#include <cmath>
#include <iterator>

#include "check/cases.h"

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

}  // namespace

void add_linear_cases(CaseList& cases) {
  add_awkward(cases);
  add_edges(cases);
  add_real(cases);
  add(cases, {.rows = 0, .inputs = 5, .outputs = 7});
  add(cases, {.rows = 5, .inputs = 13, .outputs = 31, .parts = 4});
}

}  // namespace albert::checks
