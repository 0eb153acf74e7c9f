// Cases of the selection of rows.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t selected;
  int64_t rows;
  int64_t columns;
  bool sliced;  // x and y are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  return "gather_rows/selected=" + std::to_string(s.selected) + ",rows=" + std::to_string(s.rows) +
         ",columns=" + std::to_string(s.columns) + (s.sliced ? ",sliced" : "");
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  const HostArray x = source.matrix(s.rows, s.columns);
  const std::vector<int32_t> rows = source.indices(s.selected, s.rows);
  const Placement placement{.left = s.sliced ? 3 : 0, .right = s.sliced ? s.columns : 0};
  return [=, selected = Partition::each(s.selected)](Fixture& fixture) {
    const GatherRowsForward op{
        .y = fixture.output("y", selected, s.columns, placement),
        .x = fixture.shared(x, placement),
        .rows = fixture.indices(rows, selected),
    };
    return bound(op, &Ops::gather_rows_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back({"gather_rows", name_of(s), s.selected, 1, timed, [s] { return make(s); }});
}

}  // namespace

void add_gather_rows_cases(CaseList& cases) {
  int64_t selected = 1;
  for (const int64_t columns : kAwkwardSizes) {
    add(cases, {selected, 2 * selected, columns, selected % 2 == 0});
    ++selected;
  }
  add(cases, {0, 3, 5, false});
  add(cases, {9, 1, 4, false});
  add(cases, {20, 128, 768, false}, true);
  add(cases, {5, 31, 768, true});
}

}  // namespace albert::checks
