// Cases of the backward of softmax, log-softmax and the weighted sum of rows.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  std::vector<int64_t> lengths;  // of packed segments; empty: the rows of a matrix
  int64_t rows;
  int64_t columns;
  bool logarithm;
  bool residual;
  bool over_dy;
};

std::string name_of(const Sizes& s) {
  const std::string shape =
      s.lengths.empty() ? "rows=" + std::to_string(s.rows) + ",columns=" + std::to_string(s.columns)
                        : "lengths=" + joined(s.lengths);
  return "softmax_backward/" + shape + (s.logarithm ? ",logarithm" : "") +
         (s.residual ? ",residual" : "") + (s.over_dy ? ",over_dy" : "");
}

Partition segments_of(const Sizes& s) {
  return s.lengths.empty() ? Partition::each(s.rows) : Partition::of_lengths(s.lengths);
}

Tensor output_of(Fixture& fixture, const Sizes& s, const char* name) {
  return s.lengths.empty() ? fixture.output(name, segments_of(s), s.columns)
                           : fixture.output_vector(name, segments_of(s), Kind::kActivation);
}

Tensor offsets_of(Fixture& fixture, const Sizes& s) {
  return s.lengths.empty() ? Tensor{} : fixture.offsets(segments_of(s));
}

BoundOp forward(Fixture& fixture, const Sizes& s, const Arrays& a) {
  const SoftmaxForward op{.y = output_of(fixture, s, "y"),
                          .x = fixture.input(a.at("x"), segments_of(s)),
                          .cu_seqlens = offsets_of(fixture, s),
                          .logarithm = s.logarithm};
  return bound(op, &Ops::softmax_forward);
}

BoundOp backward(Fixture& fixture, const Sizes& s, const Arrays& a) {
  const Partition segments = segments_of(s);
  const Tensor dy = s.over_dy ? fixture.in_place("dx", a.at("dy"), segments)
                              : fixture.input(a.at("dy"), segments);
  const SoftmaxBackward op{
      .dx = s.over_dy ? dy : output_of(fixture, s, "dx"),
      .dy = dy,
      .y = fixture.input(a.at("y"), segments),
      .cu_seqlens = offsets_of(fixture, s),
      .logarithm = s.logarithm,
      .dresidual = s.residual ? fixture.input(a.at("dresidual"), segments) : Tensor{}};
  return bound(op, &Ops::softmax_backward);
}

void add(CaseList& cases, const Sizes& s, double magnitude = 1, bool timed = false) {
  const auto draw = [s]() -> OpPair {
    ValueSource source(name_of(s));
    Arrays arrays;
    const int64_t columns = s.lengths.empty() ? s.columns : 1;
    for (const char* name : {"x", "dy", "dresidual"}) {
      HostArray array = source.matrix(segments_of(s).rows(), columns);
      arrays[name] = s.lengths.empty() ? array : flattened(std::move(array));
    }
    return {.arrays = std::move(arrays),
            .forward = [s](Fixture& f, const Arrays& a) { return forward(f, s, a); },
            .backward = [s](Fixture& f, const Arrays& a) { return backward(f, s, a); },
            .objective = "y",
            .skipped = s.residual ? "x" : ""};
  };
  const int64_t items = segments_of(s).items();
  add_pair(cases, {"softmax_backward", name_of(s), items, magnitude, timed, {}}, draw);
}

struct Sums {
  std::vector<int64_t> lengths;
  int64_t columns;
  bool residual;
};

std::string name_of(const Sums& s) {
  return "weighted_sum_backward/lengths=" + joined(s.lengths) +
         ",columns=" + std::to_string(s.columns) + (s.residual ? ",residual" : "");
}

BoundOp sum_forward(Fixture& fixture, const Sums& s, const Arrays& a) {
  const Partition sequences = Partition::of_lengths(s.lengths);
  const WeightedSumForward op{
      .y = fixture.output("y", Partition::each(sequences.items()), s.columns),
      .x = fixture.input(a.at("x"), sequences),
      .weights = fixture.input(a.at("weights"), sequences),
      .cu_seqlens = fixture.offsets(sequences)};
  return bound(op, &Ops::weighted_sum_forward);
}

BoundOp sum_backward(Fixture& fixture, const Sums& s, const Arrays& a) {
  const Partition sequences = Partition::of_lengths(s.lengths);
  // The gradient comes as one half of a matrix of twice the width.
  const Placement half{.left = 0, .right = s.columns};
  const WeightedSumBackward op{
      .dx = fixture.output("dx", sequences, s.columns),
      .dweights = fixture.output_vector("dweights", sequences, Kind::kActivation),
      .dy = fixture.input(a.at("dy"), Partition::each(sequences.items()), half),
      .x = fixture.input(a.at("x"), sequences),
      .weights = fixture.input(a.at("weights"), sequences),
      .cu_seqlens = fixture.offsets(sequences),
      .dresidual = s.residual ? fixture.input(a.at("dresidual"), sequences) : Tensor{}};
  return bound(op, &Ops::weighted_sum_backward);
}

void add_sum(CaseList& cases, const Sums& s, bool timed = false) {
  const auto draw = [s]() -> OpPair {
    ValueSource source(name_of(s));
    const Partition sequences = Partition::of_lengths(s.lengths);
    const int64_t rows = sequences.rows();
    Arrays arrays{{"x", source.matrix(rows, s.columns)},
                  {"weights", flattened(source.uniform_matrix(rows, 1, 0, 2 / double(rows)))},
                  {"dy", source.matrix(sequences.items(), s.columns)},
                  {"dresidual", source.matrix(rows, s.columns)}};
    return {.arrays = std::move(arrays),
            .forward = [s](Fixture& f, const Arrays& a) { return sum_forward(f, s, a); },
            .backward = [s](Fixture& f, const Arrays& a) { return sum_backward(f, s, a); },
            .objective = "y",
            .skipped = s.residual ? "x" : ""};
  };
  const int64_t items = int64_t(s.lengths.size());
  add_pair(cases, {"weighted_sum_backward", name_of(s), items, 1, timed, {}}, draw);
}

}  // namespace

void add_softmax_backward_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    add(cases, {{}, rows, columns, rows % 2 == 0, rows % 3 == 0, rows % 4 < 2});
    add_sum(cases, {{1, 7, 3, 18, 2}, columns, rows % 2 == 0});
  }
  for (const bool logarithm : {false, true}) {
    add(cases, {{1, 37, 5, 128, 2}, 0, 0, logarithm, true, false}, 4);
    add(cases, {{512}, 0, 0, logarithm, false, true}, 16, true);
  }
  add_sum(cases, {{1, 37, 5, 128, 2}, 768, true}, true);
}

}  // namespace albert::checks
