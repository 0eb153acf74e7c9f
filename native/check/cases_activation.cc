// Cases of the elementwise activations.
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

}  // namespace

void add_activation_cases(CaseList& cases) {
  for (const Activation activation : {Activation::kNone, Activation::kGeluTanh,
                                      Activation::kGeluErf, Activation::kRelu, Activation::kTanh}) {
    add_all(cases, activation);
  }
}

}  // namespace albert::checks
