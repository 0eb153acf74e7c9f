// Cases of the affine map's backward.
#include <cmath>
#include <iterator>

#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t rows;
  int64_t inputs;
  int64_t outputs;
  Activation activation = Activation::kNone;
  bool residual = false;  // a skip connection's gradient joins
  bool in_place = false;  // it lies where dx goes
  bool no_dx = false;
  Activation input = Activation::kNone;  // what made x, passed on to dx
  bool sliced = false;  // dx, dy, x and the preactivation are columns of wider matrices
};

std::string name_of(const Sizes& s) {
  std::string name = "linear_backward/rows=" + std::to_string(s.rows) +
                     ",inputs=" + std::to_string(s.inputs) +
                     ",outputs=" + std::to_string(s.outputs);
  if (s.activation != Activation::kNone) name += std::string(",") + name_of(s.activation);
  if (s.residual) name += s.in_place ? ",residual_in_place" : ",residual";
  if (s.input != Activation::kNone) name += std::string(",input_") + name_of(s.input);
  return name + (s.no_dx ? ",no_dx" : "") + (s.sliced ? ",sliced" : "");
}

Arrays draw(const Sizes& s) {
  ValueSource source(name_of(s));
  return {{"x", source.matrix(s.rows, s.inputs)},
          {"weight", source.matrix(s.outputs, s.inputs, 1 / std::sqrt(double(s.inputs)))},
          {"bias", source.vector(s.outputs)},
          {"input", source.matrix(s.rows, s.inputs)},
          {"dy", source.matrix(s.rows, s.outputs)},
          {"dresidual", source.matrix(s.rows, s.inputs)},
          {"dweight", source.matrix(s.outputs, s.inputs)},
          {"dbias", source.vector(s.outputs)}};
}

Placement wide(const Sizes& s, int64_t left) {
  return {.left = s.sliced ? left : 0, .right = s.sliced ? 3 : 0};
}

BoundOp forward(Fixture& fixture, const Sizes& s, const Arrays& a) {
  const Partition rows = Partition::each(s.rows);
  const LinearForward op{.y = fixture.output("y", rows, s.outputs),
                         .preactivation = fixture.output("preactivation", rows, s.outputs),
                         .x = fixture.input(a.at("x"), rows),
                         .weight = fixture.weight(a.at("weight"), &a.at("bias")),
                         .activation = s.activation};
  return bound(op, &Ops::linear_forward);
}

BoundOp backward(Fixture& fixture, const Sizes& s, const Arrays& a) {
  const Partition rows = Partition::each(s.rows);
  Tensor dresidual, dx;
  if (s.residual && !s.in_place) {
    dresidual = fixture.input(a.at("dresidual"), rows, wide(s, 1));
  } else if (s.residual) {
    dresidual = dx = fixture.in_place("dx", a.at("dresidual"), rows, wide(s, 2));
  }
  if (!s.no_dx && !dx) dx = fixture.output("dx", rows, s.inputs, wide(s, 2));
  const bool active = s.activation != Activation::kNone;
  const LinearBackward op{
      .dx = dx,
      .dweight = fixture.accumulator("dweight", a.at("dweight")),
      .dbias = fixture.accumulator("dbias", a.at("dbias")),
      .dy = fixture.input(a.at("dy"), rows, wide(s, s.outputs)),
      .x = fixture.input(a.at("x"), rows, wide(s, 5)),
      .preactivation = active ? fixture.input(a.at("preactivation"), rows, wide(s, 1)) : Tensor{},
      .weight = fixture.weight(a.at("weight"), &a.at("bias")),
      .dresidual = dresidual,
      .activation = s.activation,
      .input = s.input == Activation::kNone
                   ? InputActivation{}
                   : InputActivation{fixture.input(a.at("input"), rows, wide(s, 4)), s.input}};
  return bound(op, &Ops::linear_backward);
}

/// GELU'(x), written down anew: nothing here may lean on what it checks.
double gelu_slope(Activation activation, double x) {
  constexpr double kPi = 3.14159265358979323846;
  if (activation == Activation::kGeluErf) {
    return std::erfc(-x / std::sqrt(2.0)) / 2 + x * std::exp(-x * x / 2) / std::sqrt(2 * kPi);
  }
  const double factor = std::sqrt(2 / kPi), cubic = 0.044715;
  const double t = std::tanh(factor * (x + cubic * x * x * x));
  return (1 + t + x * (1 - t * t) * factor * (1 + 3 * cubic * x * x)) / 2;
}

/// dx goes on through the activation that made x.
std::function<double(const std::string&, int64_t)> onwards(const Sizes& s) {
  if (s.input == Activation::kNone) return {};
  return [activation = s.input, before = draw(s).at("input").values](const std::string& input,
                                                                    int64_t element) {
    return input == "x" ? gelu_slope(activation, before[size_t(element)]) : 1;
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  // dweight sums over the rows: its rounding errors grow with their square root.
  const double magnitude = std::max(1.0, std::sqrt(double(s.rows)) / 4);
  add_pair(cases,
           {.op = "linear_backward",
            .name = name_of(s),
            .items = s.rows,
            .magnitude = magnitude,
            .timed = timed,
            .make = {},
            .heavy = timed},
           [s]() -> OpPair {
             return {.arrays = draw(s),
                     .forward = [s](Fixture& f, const Arrays& a) { return forward(f, s, a); },
                     .backward = [s](Fixture& f, const Arrays& a) { return backward(f, s, a); },
                     .objective = "y",
                     .skipped = s.residual ? "x" : "",
                     .onwards = onwards(s)};
           });
}

/// Every awkward size as rows, as inputs and as outputs, with the activations taking turns.
void add_awkward(CaseList& cases) {
  constexpr Activation kTurns[] = {Activation::kNone, Activation::kGeluTanh, Activation::kGeluErf,
                                   Activation::kRelu, Activation::kTanh};
  constexpr size_t kCount = std::size(kAwkwardSizes);
  for (size_t i = 0; i < kCount; ++i) {
    for (const size_t turn : {1, 5}) {
      add(cases, {.rows = kAwkwardSizes[i],
                  .inputs = kAwkwardSizes[(i + turn) % kCount],
                  .outputs = kAwkwardSizes[(i + 7 * turn) % kCount],
                  .activation = kTurns[(i + turn) % std::size(kTurns)],
                  .residual = (i + turn) % 2 == 0,
                  .in_place = i % 3 == 0,
                  .no_dx = i % 5 == 2 && (i + turn) % 2 != 0,
                  .sliced = i % 4 == 1});
    }
  }
}

}  // namespace

void add_linear_backward_cases(CaseList& cases) {
  add_awkward(cases);
  add(cases, {.rows = 0, .inputs = 5, .outputs = 7});
  add(cases, {.rows = 300, .inputs = 33, .outputs = 20});
  for (const int64_t rows : {128, 1024}) {
    const bool timed = rows == 1024;
    for (const auto& [inputs, outputs] :
         {std::pair<int64_t, int64_t>{128, 768}, {768, 768}, {768, 2304}, {3072, 768}}) {
      add(cases, {.rows = rows, .inputs = inputs, .outputs = outputs}, timed);
    }
    add(cases,
        {.rows = rows,
         .inputs = 768,
         .outputs = 3072,
         .activation = Activation::kGeluTanh,
         .residual = true},
        timed);
  }
  add(cases, {.rows = 20, .inputs = 128, .outputs = 30000});
  add(cases, {.rows = 154, .inputs = 128, .outputs = 30000}, true);
  for (const Activation input : {Activation::kGeluTanh, Activation::kGeluErf}) {
    add(cases, {.rows = 33, .inputs = 64, .outputs = 24, .input = input});
    add(cases, {.rows = 7, .inputs = 13, .outputs = 24, .residual = true, .input = input,
                .sliced = true});
  }
  add(cases, {.rows = 128, .inputs = 3072, .outputs = 768, .input = Activation::kGeluTanh});
}

}  // namespace albert::checks
