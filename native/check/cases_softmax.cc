// Cases of softmax and log-softmax.

#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  std::vector<int64_t> lengths;  // of packed segments; empty: the rows of a matrix
  int64_t rows;
  int64_t columns;
  bool logarithm;
  double range;  // uniform in (-range, range)
  bool sliced;   // x and y are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  const std::string shape =
      s.lengths.empty() ? "rows=" + std::to_string(s.rows) + ",columns=" + std::to_string(s.columns)
                        : "lengths=" + joined(s.lengths);
  return "softmax/" + shape + ",range=" + std::to_string(int64_t(s.range)) +
         (s.logarithm ? ",logarithm" : "") + (s.sliced ? ",sliced" : "");
}

Binder make_rows(const Sizes& s) {
  ValueSource source(name_of(s));
  const HostArray x = source.uniform_matrix(s.rows, s.columns, -s.range, s.range);
  const Placement placement{.left = s.sliced ? 1 : 0, .right = s.sliced ? 3 : 0};
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const SoftmaxForward op{
        .y = fixture.output("y", rows, s.columns, placement),
        .x = fixture.input(x, rows, placement),
        .cu_seqlens = {},
        .logarithm = s.logarithm,
    };
    return bound(op, &Ops::softmax_forward);
  };
}

Binder make_segments(const Sizes& s) {
  ValueSource source(name_of(s));
  const Partition segments = Partition::of_lengths(s.lengths);
  const HostArray x = flattened(source.uniform_matrix(segments.rows(), 1, -s.range, s.range));
  return [=](Fixture& fixture) {
    const SoftmaxForward op{
        .y = fixture.output_vector("y", segments, Kind::kActivation),
        .x = fixture.input(x, segments),
        .cu_seqlens = fixture.offsets(segments),
        .logarithm = s.logarithm,
    };
    return bound(op, &Ops::softmax_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  const bool packed = !s.lengths.empty();
  cases.push_back({"softmax", name_of(s), packed ? int64_t(s.lengths.size()) : s.rows, 1, timed,
                   [=] { return packed ? make_segments(s) : make_rows(s); }});
}

}  // namespace

void add_softmax_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    add(cases, {{}, rows, columns, rows % 2 == 0, 5, rows % 3 == 0});
  }
  for (const bool logarithm : {false, true}) {
    add(cases, {{}, 3, 100, logarithm, 10000, false});
    add(cases, {{}, 2, 30000, logarithm, 10, false}, true);
    add(cases, {{1, 37, 5, 128, 2}, 0, 0, logarithm, 5, false});
    add(cases, {{512}, 0, 0, logarithm, 5, false}, true);
    add(cases, {{3, 64, 1}, 0, 0, logarithm, 10000, false});
  }
}

}  // namespace albert::checks
