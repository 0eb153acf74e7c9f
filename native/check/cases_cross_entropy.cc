// Cases of the losses.
#include "check/cases.h"

namespace albert::checks {

namespace {

constexpr int32_t kIgnoreIndex = -100;

struct ClassSizes {
  std::vector<int64_t> lengths;  // of packed sequences; empty: the rows of a matrix
  int64_t rows;
  int64_t classes;
  double range;  // logits are uniform in (-range, range)
  bool keep_log_sum_exp;
};

std::string name_of(const ClassSizes& s) {
  const std::string shape =
      s.lengths.empty() ? "rows=" + std::to_string(s.rows) + ",classes=" + std::to_string(s.classes)
                        : "lengths=" + joined(s.lengths);
  return "cross_entropy/" + shape + ",range=" + std::to_string(int64_t(s.range)) +
         (s.keep_log_sum_exp ? ",log_sum_exp" : "");
}

/// A label for each row; every fourth row is ignored.
std::vector<int32_t> draw_labels(ValueSource& source, const std::vector<int64_t>& classes) {
  std::vector<int32_t> labels;
  for (const int64_t count : classes) {
    const bool ignored = labels.size() % 4 == 3;
    labels.push_back(ignored ? kIgnoreIndex : source.indices(1, count).front());
  }
  return labels;
}

Binder make_rows(const ClassSizes& s) {
  ValueSource source(name_of(s));
  const HostArray logits = source.uniform_matrix(s.rows, s.classes, -s.range, s.range);
  const std::vector<int32_t> labels =
      draw_labels(source, std::vector<int64_t>(size_t(s.rows), s.classes));
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const CrossEntropyForward op{
        .losses = fixture.output_vector("losses", rows),
        .log_sum_exp = s.keep_log_sum_exp ? fixture.output_vector("log_sum_exp", rows) : Tensor{},
        .logits = fixture.input(logits, rows),
        .labels = fixture.indices(labels, rows),
        .cu_seqlens = {},
        .ignore_index = kIgnoreIndex,
    };
    return bound(op, &Ops::cross_entropy_forward);
  };
}

Binder make_sequences(const ClassSizes& s) {
  ValueSource source(name_of(s));
  const Partition sequences = Partition::of_lengths(s.lengths);
  const HostArray logits = flattened(source.uniform_matrix(sequences.rows(), 1, -s.range, s.range));
  const std::vector<int32_t> labels = draw_labels(source, s.lengths);
  return [=, rows = Partition::each(sequences.items())](Fixture& fixture) {
    const CrossEntropyForward op{
        .losses = fixture.output_vector("losses", rows),
        .log_sum_exp = s.keep_log_sum_exp ? fixture.output_vector("log_sum_exp", rows) : Tensor{},
        .logits = fixture.input(logits, sequences),
        .labels = fixture.indices(labels, rows),
        .cu_seqlens = fixture.offsets(sequences),
        .ignore_index = kIgnoreIndex,
    };
    return bound(op, &Ops::cross_entropy_forward);
  };
}

void add(CaseList& cases, const ClassSizes& s, bool timed = false) {
  const bool packed = !s.lengths.empty();
  cases.push_back({"cross_entropy", name_of(s), packed ? int64_t(s.lengths.size()) : s.rows, 1,
                   timed, [=] { return packed ? make_sequences(s) : make_rows(s); }});
}

struct ElementSizes {
  int64_t rows;
  int64_t columns;
  double range;
};

std::string name_of(const char* op, const ElementSizes& s) {
  return std::string(op) + "/rows=" + std::to_string(s.rows) +
         ",columns=" + std::to_string(s.columns) + ",range=" + std::to_string(int64_t(s.range));
}

Binder make_binary(const ElementSizes& s) {
  ValueSource source(name_of("binary_cross_entropy", s));
  const HostArray logits = source.uniform_matrix(s.rows, s.columns, -s.range, s.range);
  const HostArray targets = source.uniform_matrix(s.rows, s.columns, 0, 1);
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const BinaryCrossEntropyForward op{
        .losses = fixture.output("losses", rows, s.columns, {.kind = Kind::kMaster}),
        .logits = fixture.input(logits, rows),
        .targets = fixture.input(targets, rows, {.kind = Kind::kMaster}),
    };
    return bound(op, &Ops::binary_cross_entropy_forward);
  };
}

Binder make_squared(const ElementSizes& s) {
  ValueSource source(name_of("squared_error", s));
  const HostArray predictions = source.uniform_matrix(s.rows, s.columns, -s.range, s.range);
  const HostArray targets = source.matrix(s.rows, s.columns);
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const SquaredErrorForward op{
        .losses = fixture.output("losses", rows, s.columns, {.kind = Kind::kMaster}),
        .predictions = fixture.input(predictions, rows),
        .targets = fixture.input(targets, rows, {.kind = Kind::kMaster}),
    };
    return bound(op, &Ops::squared_error_forward);
  };
}

void add_elementwise(CaseList& cases, const ElementSizes& s) {
  cases.push_back({"binary_cross_entropy", name_of("binary_cross_entropy", s), s.rows, 1, false,
                   [s] { return make_binary(s); }});
  cases.push_back({"squared_error", name_of("squared_error", s), s.rows, 1, false,
                   [s] { return make_squared(s); }});
}

}  // namespace

void add_cross_entropy_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t classes : kAwkwardSizes) {
    ++rows;
    add(cases, {{}, rows, classes, 5, rows % 2 == 0});
    add_elementwise(cases, {rows, classes, 8});
  }
  add(cases, {{}, 5, 100, 10000, true});
  add(cases, {{}, 3, 30000, 10, true}, true);
  add(cases, {{1, 37, 5, 128, 2}, 0, 0, 5, true});
  add(cases, {{512}, 0, 0, 5, false}, true);
  add(cases, {{3, 64, 1}, 0, 0, 10000, true});
  add_elementwise(cases, {3, 50, 10000});
}

}  // namespace albert::checks
