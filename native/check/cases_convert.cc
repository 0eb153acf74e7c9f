// Cases of the change of element type.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t rows;
  int64_t columns;
  Kind from;
  Kind to;
  bool timed = false;
};

std::string name_of(const Sizes& s) {
  const auto kind = [](Kind k) { return k == Kind::kMaster ? "master" : "activation"; };
  return "convert/rows=" + std::to_string(s.rows) + ",columns=" + std::to_string(s.columns) +
         ",from_" + kind(s.from) + ",to_" + kind(s.to);
}

Binder make(const Sizes& s) {
  const HostArray x = ValueSource(name_of(s)).matrix(s.rows, s.columns);
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const ConvertForward op{
        .y = fixture.output("y", rows, s.columns, {.kind = s.to, .left = 1, .right = 2}),
        .x = fixture.input(x, rows, {.kind = s.from, .left = 3, .right = 1})};
    return bound(op, &Ops::convert_forward);
  };
}

void add(CaseList& cases, const Sizes& s) {
  cases.push_back({"convert", name_of(s), s.rows, 1, s.timed, [s] { return make(s); }});
}

}  // namespace

void add_convert_cases(CaseList& cases) {
  int64_t rows = 1;
  for (const int64_t columns : kAwkwardSizes) {
    add(cases, {rows++ % 5, columns, Kind::kActivation, Kind::kMaster});
    add(cases, {rows % 5, columns, Kind::kMaster, Kind::kActivation});
  }
  add(cases, {128, 768, Kind::kActivation, Kind::kMaster, true});
}

}  // namespace albert::checks
