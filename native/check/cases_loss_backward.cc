// Cases of the losses' backward.
#include "check/cases.h"

namespace albert::checks {

namespace {

constexpr int32_t kIgnoreIndex = -100;

struct Classes {
  std::vector<int64_t> lengths;  // of packed sequences; empty: the rows of a matrix
  int64_t rows;
  int64_t classes;
  bool in_place;
  std::vector<int32_t> labels = {};

  bool packed() const { return !lengths.empty(); }
  Partition logits() const {
    return packed() ? Partition::of_lengths(lengths) : Partition::each(rows);
  }
  Partition labelled() const { return Partition::each(packed() ? int64_t(lengths.size()) : rows); }
};

std::string name_of(const Classes& s) {
  const std::string shape =
      s.packed() ? "lengths=" + joined(s.lengths)
                 : "rows=" + std::to_string(s.rows) + ",classes=" + std::to_string(s.classes);
  return "cross_entropy_backward/" + shape + (s.in_place ? ",in_place" : "");
}

BoundOp forward(Fixture& fixture, const Classes& s, const Arrays& a) {
  const CrossEntropyForward op{.losses = fixture.output_vector("losses", s.labelled()),
                               .log_sum_exp = fixture.output_vector("log_sum_exp", s.labelled()),
                               .logits = fixture.input(a.at("logits"), s.logits()),
                               .labels = fixture.indices(s.labels, s.labelled()),
                               .cu_seqlens = s.packed() ? fixture.offsets(s.logits()) : Tensor{},
                               .ignore_index = kIgnoreIndex};
  return bound(op, &Ops::cross_entropy_forward);
}

Tensor dlogits_of(Fixture& fixture, const Classes& s) {
  return s.packed() ? fixture.output_vector("dlogits", s.logits(), Kind::kActivation)
                    : fixture.output("dlogits", s.logits(), s.classes);
}

BoundOp backward(Fixture& fixture, const Classes& s, const Arrays& a) {
  const Tensor logits = s.in_place ? fixture.in_place("dlogits", a.at("logits"), s.logits())
                                   : fixture.input(a.at("logits"), s.logits());
  const CrossEntropyBackward op{
      .dlogits = s.in_place ? logits : dlogits_of(fixture, s),
      .log_sum_exp = fixture.input(a.at("log_sum_exp"), s.labelled(), {.kind = Kind::kMaster}),
      .logits = logits,
      .labels = fixture.indices(s.labels, s.labelled()),
      .cu_seqlens = s.packed() ? fixture.offsets(s.logits()) : Tensor{},
      .ignore_index = kIgnoreIndex,
      .scale = a.at("dlosses").values.at(0)};
  return bound(op, &Ops::cross_entropy_backward);
}

/// Every fourth row is ignored.
std::vector<int32_t> draw_labels(ValueSource& source, const Classes& s) {
  std::vector<int32_t> labels;
  for (int64_t row = 0; row < s.labelled().rows(); ++row) {
    const int64_t classes = s.packed() ? s.lengths[size_t(row)] : s.classes;
    labels.push_back(row % 4 == 3 ? kIgnoreIndex : source.indices(1, classes).front());
  }
  return labels;
}

void add(CaseList& cases, const Classes& s, bool timed = false) {
  const auto draw = [s]() -> OpPair {
    ValueSource source(name_of(s));
    HostArray logits = source.uniform_matrix(s.logits().rows(), s.packed() ? 1 : s.classes, -5, 5);
    Arrays arrays{{"logits", s.packed() ? flattened(std::move(logits)) : std::move(logits)},
                  {"dlosses", constants(s.labelled().rows(), 1, true, 0.375)}};
    Classes drawn = s;
    drawn.labels = draw_labels(source, s);
    return {.arrays = std::move(arrays),
            .forward = [drawn](Fixture& f, const Arrays& a) { return forward(f, drawn, a); },
            .backward = [drawn](Fixture& f, const Arrays& a) { return backward(f, drawn, a); },
            .objective = "losses"};
  };
  const int64_t items = s.labelled().items();
  add_pair(cases, {"cross_entropy_backward", name_of(s), items, 1, timed, {}}, draw);
}

struct Elements {
  int64_t rows;
  int64_t columns;
};

std::string name_of(const char* op, const Elements& s) {
  return std::string(op) + "/rows=" + std::to_string(s.rows) +
         ",columns=" + std::to_string(s.columns);
}

/// "logits" or "predictions" by the op, targets, and the losses' own gradient.
Arrays draw_elements(const std::string& name, const char* input, const Elements& s) {
  ValueSource source(name);
  return {{input, source.uniform_matrix(s.rows, s.columns, -8, 8)},
          {"targets", source.uniform_matrix(s.rows, s.columns, 0, 1)},
          {"dlosses", constants(s.rows, s.columns, false, 0.375)}};
}

void add_binary(CaseList& cases, const Elements& s) {
  const std::string name = name_of("binary_cross_entropy_backward", s);
  const Partition rows = Partition::each(s.rows);
  const Placement master{.kind = Kind::kMaster};
  const auto forward = [=](Fixture& fixture, const Arrays& a) {
    const BinaryCrossEntropyForward op{.losses = fixture.output("losses", rows, s.columns, master),
                                       .logits = fixture.input(a.at("logits"), rows),
                                       .targets = fixture.input(a.at("targets"), rows, master)};
    return bound(op, &Ops::binary_cross_entropy_forward);
  };
  const auto backward = [=](Fixture& fixture, const Arrays& a) {
    const BinaryCrossEntropyBackward op{.dlogits = fixture.output("dlogits", rows, s.columns),
                                        .logits = fixture.input(a.at("logits"), rows),
                                        .targets = fixture.input(a.at("targets"), rows, master),
                                        .scale = a.at("dlosses").values.at(0)};
    return bound(op, &Ops::binary_cross_entropy_backward);
  };
  add_pair(cases, {"binary_cross_entropy_backward", name, s.rows, 1, false, {}}, [=]() -> OpPair {
    return {draw_elements(name, "logits", s), forward, backward, "losses"};
  });
}

void add_squared(CaseList& cases, const Elements& s) {
  const std::string name = name_of("squared_error_backward", s);
  const Partition rows = Partition::each(s.rows);
  const Placement master{.kind = Kind::kMaster};
  const auto forward = [=](Fixture& fixture, const Arrays& a) {
    const SquaredErrorForward op{.losses = fixture.output("losses", rows, s.columns, master),
                                 .predictions = fixture.input(a.at("predictions"), rows),
                                 .targets = fixture.input(a.at("targets"), rows, master)};
    return bound(op, &Ops::squared_error_forward);
  };
  const auto backward = [=](Fixture& fixture, const Arrays& a) {
    const SquaredErrorBackward op{.dpredictions = fixture.output("dpredictions", rows, s.columns),
                                  .predictions = fixture.input(a.at("predictions"), rows),
                                  .targets = fixture.input(a.at("targets"), rows, master),
                                  .scale = a.at("dlosses").values.at(0)};
    return bound(op, &Ops::squared_error_backward);
  };
  add_pair(cases, {"squared_error_backward", name, s.rows, 1, false, {}}, [=]() -> OpPair {
    return {draw_elements(name, "predictions", s), forward, backward, "losses"};
  });
}

}  // namespace

void add_loss_backward_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t classes : kAwkwardSizes) {
    ++rows;
    add(cases, {{}, rows, classes, rows % 2 == 0});
    add_binary(cases, {rows, classes});
    add_squared(cases, {rows, classes});
  }
  add(cases, {{}, 20, 30000, true});
  add(cases, {{}, 154, 30000, true}, true);
  add(cases, {{1, 37, 5, 128, 2}, 0, 0, false});
  add(cases, {{512}, 0, 0, true}, true);
}

}  // namespace albert::checks
