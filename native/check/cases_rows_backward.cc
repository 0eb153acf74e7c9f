// Cases of the backward ops that move or scale rows: embedding, gather_rows, activation, dropout.
#include "check/cases.h"

namespace albert::checks {

namespace {

/// A pair whose binders take the arrays and something that both know.
template <class Shared>
OpPair pair_of(Arrays arrays, const Shared& shared,
               BoundOp (*forward)(Fixture&, const Shared&, const Arrays&),
               BoundOp (*backward)(Fixture&, const Shared&, const Arrays&), const char* skipped) {
  return {.arrays = std::move(arrays),
          .forward = [=](Fixture& f, const Arrays& a) { return forward(f, shared, a); },
          .backward = [=](Fixture& f, const Arrays& a) { return backward(f, shared, a); },
          .objective = "y",
          .skipped = skipped};
}

struct Embedding {
  int64_t tokens_count;
  int64_t columns;
  int64_t vocabulary;
  int64_t position_rows;
  std::vector<int32_t> tokens = {}, segments = {}, positions = {};
};

BoundOp embedding_forward(Fixture& fixture, const Embedding& e, const Arrays& a) {
  const Partition rows = Partition::each(e.tokens_count);
  const Placement master{.kind = Kind::kMaster};
  const EmbeddingForward op{.y = fixture.output("y", rows, e.columns),
                            .tokens = fixture.indices(e.tokens, rows),
                            .segments = fixture.indices(e.segments, rows),
                            .positions = fixture.indices(e.positions, rows),
                            .word = fixture.shared(a.at("word"), master),
                            .segment = fixture.shared(a.at("segment"), master),
                            .position = fixture.shared(a.at("position"), master)};
  return bound(op, &Ops::embedding_forward);
}

/// Without a padding token: finite differences know of none.
BoundOp embedding_backward(Fixture& fixture, const Embedding& e, const Arrays& a) {
  const Partition rows = Partition::each(e.tokens_count);
  const EmbeddingBackward op{.dword = fixture.accumulator("dword", a.at("dword")),
                             .dsegment = fixture.accumulator("dsegment", a.at("dsegment")),
                             .dposition = fixture.accumulator("dposition", a.at("dposition")),
                             .dy = fixture.input(a.at("dy"), rows),
                             .tokens = fixture.indices(e.tokens, rows),
                             .segments = fixture.indices(e.segments, rows),
                             .positions = fixture.indices(e.positions, rows),
                             .padding_token = -1};
  return bound(op, &Ops::embedding_backward);
}

void add_embedding(CaseList& cases, Embedding e, bool timed = false) {
  const std::string name = "embedding_backward/tokens=" + std::to_string(e.tokens_count) +
                           ",columns=" + std::to_string(e.columns) +
                           ",vocabulary=" + std::to_string(e.vocabulary);
  const auto draw = [=]() -> OpPair {
    ValueSource source(name);
    Arrays arrays;
    for (const char* prefix : {"", "d"}) {
      arrays[std::string(prefix) + "word"] = source.matrix(e.vocabulary, e.columns);
      arrays[std::string(prefix) + "segment"] = source.matrix(2, e.columns);
      arrays[std::string(prefix) + "position"] = source.matrix(e.position_rows, e.columns);
    }
    arrays["dy"] = source.matrix(e.tokens_count, e.columns);
    Embedding drawn = e;
    drawn.tokens = source.indices(e.tokens_count, e.vocabulary);
    drawn.segments = source.indices(e.tokens_count, 2);
    drawn.positions = source.indices(e.tokens_count, e.position_rows);
    return pair_of(std::move(arrays), drawn, &embedding_forward, &embedding_backward, "");
  };
  add_pair(cases, {"embedding_backward", name, 0, 4, timed, {}}, draw);
}

struct Gather {
  int64_t selected;
  int64_t rows;
  int64_t columns;
  bool residual;
  bool in_place;
  std::vector<int32_t> indices = {};
};

BoundOp gather_forward(Fixture& fixture, const Gather& g, const Arrays& a) {
  const Partition selected = Partition::each(g.selected);
  const GatherRowsForward op{.y = fixture.output("y", selected, g.columns),
                             .x = fixture.shared(a.at("x")),
                             .rows = fixture.indices(g.indices, selected)};
  return bound(op, &Ops::gather_rows_forward);
}

BoundOp gather_backward(Fixture& fixture, const Gather& g, const Arrays& a) {
  const Partition selected = Partition::each(g.selected), all = Partition::each(g.rows);
  const Placement wide{.left = g.in_place ? 0 : 3, .right = 1};
  const Tensor dx = g.in_place ? fixture.in_place("dx", a.at("dresidual"), all, wide)
                               : fixture.output("dx", all, g.columns, wide);
  Tensor dresidual;
  if (g.residual) dresidual = g.in_place ? dx : fixture.input(a.at("dresidual"), all);
  const GatherRowsBackward op{.dx = dx,
                              .dy = fixture.input(a.at("dy"), selected, wide),
                              .rows = fixture.indices(g.indices, selected),
                              .dresidual = dresidual};
  return bound(op, &Ops::gather_rows_backward);
}

void add_gather(CaseList& cases, const Gather& g, bool timed = false) {
  const std::string name = "gather_rows_backward/selected=" + std::to_string(g.selected) +
                           ",rows=" + std::to_string(g.rows) +
                           ",columns=" + std::to_string(g.columns) +
                           (g.residual ? ",residual" : "") + (g.in_place ? ",in_place" : "");
  const auto draw = [=]() -> OpPair {
    ValueSource source(name);
    Arrays arrays{{"x", source.matrix(g.rows, g.columns)},
                  {"dy", source.matrix(g.selected, g.columns)},
                  {"dresidual", source.matrix(g.rows, g.columns)}};
    Gather drawn = g;
    drawn.indices = source.indices(g.selected, g.rows);
    return pair_of(std::move(arrays), drawn, &gather_forward, &gather_backward,
                   g.residual ? "x" : "");
  };
  add_pair(cases, {"gather_rows_backward", name, 0, 1, timed, {}}, draw);
}

struct Elements {
  int64_t rows;
  int64_t columns;
  bool over_dy;
  Activation activation = Activation::kNone;
  double dropout = 0;
  Origins origins = {};
};

Tensor dx_of(Fixture& fixture, const Elements& e, const Tensor& dy) {
  return e.over_dy ? dy : fixture.output("dx", Partition::each(e.rows), e.columns);
}

Tensor dy_of(Fixture& fixture, const Elements& e, const Arrays& a) {
  const Partition rows = Partition::each(e.rows);
  return e.over_dy ? fixture.in_place("dx", a.at("dy"), rows) : fixture.input(a.at("dy"), rows);
}

BoundOp activation_forward(Fixture& fixture, const Elements& e, const Arrays& a) {
  const Partition rows = Partition::each(e.rows);
  const ActivationForward op{.y = fixture.output("y", rows, e.columns),
                             .x = fixture.input(a.at("x"), rows),
                             .activation = e.activation};
  return bound(op, &Ops::activation_forward);
}

BoundOp activation_backward(Fixture& fixture, const Elements& e, const Arrays& a) {
  const Tensor dy = dy_of(fixture, e, a);
  const ActivationBackward op{.dx = dx_of(fixture, e, dy),
                              .dy = dy,
                              .x = fixture.input(a.at("x"), Partition::each(e.rows)),
                              .activation = e.activation};
  return bound(op, &Ops::activation_backward);
}

BoundOp dropout_forward(Fixture& fixture, const Elements& e, const Arrays& a) {
  const Partition rows = Partition::each(e.rows);
  const DropoutForward op{.y = fixture.output("y", rows, e.columns),
                          .x = fixture.input(a.at("x"), rows),
                          .dropout = bind_dropout(fixture, e.dropout, e.origins, rows)};
  return bound(op, &Ops::dropout_forward);
}

BoundOp dropout_backward(Fixture& fixture, const Elements& e, const Arrays& a) {
  const Tensor dy = dy_of(fixture, e, a);
  const DropoutBackward op{
      .dx = dx_of(fixture, e, dy),
      .dy = dy,
      .dropout = bind_dropout(fixture, e.dropout, e.origins, Partition::each(e.rows))};
  return bound(op, &Ops::dropout_backward);
}

void add_elements(CaseList& cases, const Elements& e, bool timed = false) {
  const bool dropout = e.dropout > 0;
  const std::string op = dropout ? "dropout" : "activation_backward";
  const std::string name =
      op + (dropout ? "_backward/" : "/" + std::string(name_of(e.activation)) + ",") +
      "rows=" + std::to_string(e.rows) + ",columns=" + std::to_string(e.columns) +
      (e.over_dy ? ",over_dy" : "");
  const auto draw = [=]() -> OpPair {
    ValueSource source(name);
    Arrays arrays{{"x", source.matrix(e.rows, e.columns, 2)},
                  {"dy", source.matrix(e.rows, e.columns)}};
    Elements drawn = e;
    drawn.origins = draw_origins(source, e.rows);
    return pair_of(std::move(arrays), drawn, dropout ? &dropout_forward : &activation_forward,
                   dropout ? &dropout_backward : &activation_backward, "");
  };
  add_pair(cases, {op, name, e.rows, 1, timed, {}}, draw);
}

}  // namespace

void add_rows_backward_cases(CaseList& cases) {
  int64_t count = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++count;
    add_embedding(cases, {2 * count, columns, 5, 7});
    add_gather(cases, {2 * count, 1 + count, columns, count % 2 == 0, count % 4 == 0});
    for (const Activation activation :
         {Activation::kNone, Activation::kGeluTanh, Activation::kGeluErf, Activation::kRelu,
          Activation::kTanh}) {
      add_elements(cases, {count, columns, count % 2 == 0, activation});
    }
    add_elements(cases, {count, columns, count % 2 == 0, Activation::kNone, 0.1});
  }
  add_embedding(cases, {128, 128, 1000, 512});
  add_embedding(cases, {1024, 128, 30000, 512}, true);
  add_gather(cases, {20, 128, 768, true, true});
  add_gather(cases, {154, 1024, 768, true, true}, true);
  add_gather(cases, {0, 3, 5, false, false});
  add_elements(cases, {16, 3072, true, Activation::kGeluTanh});
  add_elements(cases, {1024, 3072, true, Activation::kGeluTanh}, true);
  add_elements(cases, {128, 128, true, Activation::kNone, 0.1});
  add_elements(cases, {1024, 768, true, Activation::kNone, 0.1}, true);
}

}  // namespace albert::checks
