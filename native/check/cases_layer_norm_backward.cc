// Cases of layer normalization's backward.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t rows;
  int64_t columns;
  bool residual = false;
  double dropout = 0;
  bool over_dy = false;  // dx lies where dy was
  bool sliced = false;   // x, dy and dx are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  std::string name = "layer_norm_backward/rows=" + std::to_string(s.rows) +
                     ",columns=" + std::to_string(s.columns);
  if (s.residual) name += ",residual";
  if (s.dropout > 0) name += ",dropout";
  return name + (s.over_dy ? ",over_dy" : "") + (s.sliced ? ",sliced" : "");
}

struct Inputs {
  Arrays arrays;
  Origins origins;
};

Inputs draw(const Sizes& s) {
  ValueSource source(name_of(s));
  Arrays arrays{
      {"x", source.matrix(s.rows, s.columns)},      {"residual", source.matrix(s.rows, s.columns)},
      {"weight", source.vector(s.columns, 0.2, 1)}, {"bias", source.vector(s.columns, 0.2)},
      {"dy", source.matrix(s.rows, s.columns)},     {"dweight", source.vector(s.columns)},
      {"dbias", source.vector(s.columns)}};
  return {std::move(arrays), draw_origins(source, s.rows)};
}

/// The epsilon is large where there are few columns: their deviation may be nothing but rounding.
BoundOp forward(Fixture& fixture, const Sizes& s, const Origins& origins, const Arrays& a) {
  const Partition rows = Partition::each(s.rows);
  const LayerNormForward op{
      .y = fixture.output("y", rows, s.columns),
      .mean = fixture.output_vector("mean", rows),
      .rstd = fixture.output_vector("rstd", rows),
      .x = fixture.input(a.at("x"), rows),
      .residual = s.residual ? fixture.input(a.at("residual"), rows) : Tensor{},
      .weight = fixture.shared(a.at("weight"), {.kind = Kind::kMaster}),
      .bias = fixture.shared(a.at("bias"), {.kind = Kind::kMaster}),
      .epsilon = s.columns <= 3 ? 0.1 : 1e-12,
      .dropout = bind_dropout(fixture, s.dropout, origins, rows)};
  return bound(op, &Ops::layer_norm_forward);
}

BoundOp backward(Fixture& fixture, const Sizes& s, const Origins& origins, const Arrays& a) {
  const Partition rows = Partition::each(s.rows);
  const Placement wide{.left = s.sliced ? 2 : 0, .right = s.sliced ? 7 : 0};
  const Placement master{.kind = Kind::kMaster};
  const Tensor dy = s.over_dy ? fixture.in_place("dx", a.at("dy"), rows, wide)
                              : fixture.input(a.at("dy"), rows, wide);
  const LayerNormBackward op{
      .dx = s.over_dy ? dy : fixture.output("dx", rows, s.columns, wide),
      .dresidual = s.residual ? fixture.output("dresidual", rows, s.columns) : Tensor{},
      .dweight = fixture.accumulator("dweight", a.at("dweight")),
      .dbias = fixture.accumulator("dbias", a.at("dbias")),
      .dy = dy,
      .x = fixture.input(a.at("x"), rows, wide),
      .residual = s.residual ? fixture.input(a.at("residual"), rows) : Tensor{},
      .mean = fixture.input(a.at("mean"), rows, master),
      .rstd = fixture.input(a.at("rstd"), rows, master),
      .weight = fixture.shared(a.at("weight"), master),
      .dropout = bind_dropout(fixture, s.dropout, origins, rows)};
  return bound(op, &Ops::layer_norm_backward);
}

void add(CaseList& cases, const Sizes& s, double magnitude = 1, bool timed = false) {
  add_pair(
      cases, {"layer_norm_backward", name_of(s), s.rows, magnitude, timed, {}}, [s]() -> OpPair {
        const Inputs inputs = draw(s);
        const Origins& origins = inputs.origins;
        return {.arrays = inputs.arrays,
                .forward = [s, origins](Fixture& f,
                                        const Arrays& a) { return forward(f, s, origins, a); },
                .backward = [s, origins](Fixture& f,
                                         const Arrays& a) { return backward(f, s, origins, a); },
                .objective = "y"};
      });
}

}  // namespace

void add_layer_norm_backward_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    add(cases, {.rows = rows, .columns = columns, .over_dy = rows % 2 == 0});
    add(cases, {.rows = 13 - rows,
                .columns = columns,
                .residual = true,
                .dropout = rows % 2 == 0 ? 0.1 : 0.0,
                .over_dy = rows % 4 == 1,
                .sliced = rows % 3 == 0});
  }
  add(cases, {.rows = 200, .columns = 768, .residual = true, .dropout = 0.1, .over_dy = true}, 4);
  add(cases, {.rows = 1024, .columns = 768, .residual = true, .dropout = 0.1, .over_dy = true}, 8,
      true);
  add(cases, {.rows = 128, .columns = 768, .residual = true, .over_dy = true}, 4);
  add(cases, {.rows = 2, .columns = 4096, .residual = true, .dropout = 0.5});
}

}  // namespace albert::checks
