// Cases of the weighted sum of rows.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  std::vector<int64_t> lengths;
  int64_t columns;
  bool sliced;  // x and y are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  return "weighted_sum/lengths=" + joined(s.lengths) + ",columns=" + std::to_string(s.columns) +
         (s.sliced ? ",sliced" : "");
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  const Partition sequences = Partition::of_lengths(s.lengths);
  const HostArray x = source.matrix(sequences.rows(), s.columns);
  const HostArray weights =
      flattened(source.uniform_matrix(sequences.rows(), 1, 0, 2 / double(sequences.rows())));
  const Placement placement{.left = s.sliced ? s.columns : 0, .right = s.sliced ? 1 : 0};
  return [=, rows = Partition::each(sequences.items())](Fixture& fixture) {
    const WeightedSumForward op{
        .y = fixture.output("y", rows, s.columns, placement),
        .x = fixture.input(x, sequences, placement),
        .weights = fixture.input(weights, sequences),
        .cu_seqlens = fixture.offsets(sequences),
    };
    return bound(op, &Ops::weighted_sum_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back(
      {"weighted_sum", name_of(s), int64_t(s.lengths.size()), 1, timed, [s] { return make(s); }});
}

}  // namespace

void add_weighted_sum_cases(CaseList& cases) {
  for (const int64_t columns : kAwkwardSizes) {
    add(cases, {{1, 7, 3, 18, 2}, columns, columns % 4 == 3});
  }
  add(cases, {{1}, 768, false});
  add(cases, {{1, 37, 5, 128, 2}, 768, true});
  add(cases, {{512}, 768, false}, true);
}

}  // namespace albert::checks
