// Cases of layer normalization.
#include "check/cases.h"

namespace albert::checks {

namespace {

enum class Output { kOwn, kOverX, kOverResidual };

struct Sizes {
  int64_t rows;
  int64_t columns;
  bool residual;
  bool keep_statistics;
  Output output = Output::kOwn;
  double deviation = 1;
  double center = 0;
  double epsilon = 1e-12;
  bool sliced = false;             // x, residual and y are columns of wider matrices
  Kind input = Kind::kActivation;  // of x
};

std::string name_of(const Sizes& s) {
  std::string name =
      "layer_norm/rows=" + std::to_string(s.rows) + ",columns=" + std::to_string(s.columns);
  if (s.residual) name += ",residual";
  if (s.keep_statistics) name += ",statistics";
  if (s.output == Output::kOverX) name += ",over_x";
  if (s.output == Output::kOverResidual) name += ",over_residual";
  if (s.deviation == 0) name += ",zeros";
  if (s.center != 0) name += ",center=" + std::to_string(int64_t(s.center));
  if (s.epsilon != 1e-12) name += ",large_epsilon";
  if (s.input == Kind::kMaster) name += ",from_master";
  return name + (s.sliced ? ",sliced" : "");
}

struct Arrays {
  HostArray x, residual, weight, bias;
};

LayerNormForward bind(Fixture& fixture, const Sizes& s, const Arrays& a) {
  const Partition rows = Partition::each(s.rows);
  const Placement placement{.left = s.sliced ? 2 : 0, .right = s.sliced ? 7 : 0};
  const Placement x_placement{.kind = s.input, .left = placement.left, .right = placement.right};
  const bool over_x = s.output == Output::kOverX;
  const bool over_residual = s.output == Output::kOverResidual;
  const Tensor x =
      over_x ? fixture.in_place("y", a.x, rows, placement) : fixture.input(a.x, rows, x_placement);
  Tensor residual;
  if (over_residual) residual = fixture.in_place("y", a.residual, rows, placement);
  if (s.residual && !over_residual) residual = fixture.input(a.residual, rows, placement);
  return {
      .y = over_x          ? x
           : over_residual ? residual
                           : fixture.output("y", rows, s.columns, placement),
      .mean = s.keep_statistics ? fixture.output_vector("mean", rows) : Tensor{},
      .rstd = s.keep_statistics ? fixture.output_vector("rstd", rows) : Tensor{},
      .x = x,
      .residual = residual,
      .weight = fixture.shared(a.weight, {.kind = Kind::kMaster}),
      .bias = fixture.shared(a.bias, {.kind = Kind::kMaster}),
      .epsilon = s.epsilon,
      .dropout = {},
  };
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  const Arrays arrays{source.matrix(s.rows, s.columns, s.deviation, s.center),
                      source.matrix(s.rows, s.columns, s.deviation),
                      source.vector(s.columns, 0.2, 1), source.vector(s.columns, 0.2)};
  return
      [=](Fixture& fixture) { return bound(bind(fixture, s, arrays), &Ops::layer_norm_forward); };
}

void add(CaseList& cases, const Sizes& s, double magnitude = 1, bool timed = false) {
  cases.push_back({"layer_norm", name_of(s), s.rows, magnitude, timed, [s] { return make(s); }});
}

}  // namespace

void add_layer_norm_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    // The variance of very few columns may come out small against them.
    const double magnitude = columns <= 3 ? 5 : 1;
    add(cases, {.rows = rows, .columns = columns, .residual = false, .keep_statistics = true},
        magnitude);
    add(cases,
        {.rows = 13 - rows,
         .columns = columns,
         .residual = true,
         .keep_statistics = rows % 2 == 0,
         .sliced = rows % 3 == 0,
         .input = rows % 2 == 0 ? Kind::kMaster : Kind::kActivation},
        magnitude);
  }
  for (const int64_t columns : {128, 768}) {
    for (const Output output : {Output::kOwn, Output::kOverX, Output::kOverResidual}) {
      add(cases, {.rows = 7,
                  .columns = columns,
                  .residual = true,
                  .keep_statistics = false,
                  .output = output});
    }
  }
  add(cases, {.rows = 3,
              .columns = 17,
              .residual = false,
              .keep_statistics = false,
              .output = Output::kOverX,
              .sliced = true});
  add(cases,
      {.rows = 128,
       .columns = 768,
       .residual = true,
       .keep_statistics = false,
       .input = Kind::kMaster},
      1, true);
  add(cases, {.rows = 2, .columns = 4096, .residual = true, .keep_statistics = true});
  add(cases,
      {.rows = 2, .columns = 31, .residual = false, .keep_statistics = true, .deviation = 0});
  add(cases, {.rows = 3, .columns = 65, .residual = true, .keep_statistics = true, .epsilon = 0.5});
  // float32 knows a mean of 1e4 to 2^-11, about a thousand times less well than one of 1. A
  // one-pass variance would be wrong in all its digits.
  for (const int64_t columns : {768, 33}) {
    add(cases,
        {.rows = 3,
         .columns = columns,
         .residual = columns == 33,
         .keep_statistics = true,
         .center = 10000,
         .input = Kind::kMaster},
        1000);
  }
}

}  // namespace albert::checks
