// Cases of the optimizer's ops: norms, AdamW, LAMB.
#include <memory>
#include <span>
#include <utility>

#include "check/cases.h"

namespace albert::checks {

namespace {

constexpr AdamRates kRates = {.learning_rate = 0.01,
                              .beta1 = 0.9,
                              .beta2 = 0.98,
                              .epsilon = 1e-6,
                              .weight_decay = 0.01,
                              .correction1 = 0.5,
                              .correction2 = 0.25};
constexpr double kClipFactor = 0.75;

std::string name_of(const char* op, const std::vector<int64_t>& sizes) {
  return std::string(op) + "/sizes=" + joined(sizes);
}

/// What an update of one parameter starts from.
struct Parameter {
  HostArray weight, moment, variance, gradient;
};

std::vector<Parameter> draw_parameters(const std::string& name, const std::vector<int64_t>& sizes) {
  ValueSource source(name);
  std::vector<Parameter> parameters;
  for (const int64_t size : sizes) {
    parameters.push_back({.weight = source.vector(size),
                          .moment = source.vector(size, 0.1),
                          .variance = flattened(source.uniform_matrix(size, 1, 0.01, 0.5)),
                          .gradient = source.vector(size)});
  }
  return parameters;
}

OptimizerSlot place(const Parameter& parameter, const Partition& partition, Fixture& fixture) {
  return {.weight = fixture.in_place("weight", parameter.weight, partition),
          .moment = fixture.in_place("moment", parameter.moment, partition),
          .variance = fixture.in_place("variance", parameter.variance, partition),
          .gradient = fixture.input(parameter.gradient, partition),
          .decays = parameter.weight.rows % 2 == 1,
          .adapts = parameter.weight.rows % 3 != 0};
}

/// An op with a span: the list that it looks at lives as long as the bound op.
template <class Op, class Item>
BoundOp bound_list(std::vector<Item> list, Op op, std::span<const Item> Op::*span,
                   void (Ops::*run)(const Op&)) {
  const auto kept = std::make_shared<const std::vector<Item>>(std::move(list));
  op.*span = *kept;
  return {[op, kept, run](Ops& ops) { (ops.*run)(op); }, flops(op), bytes(op)};
}

Binder make_square_sum(const std::vector<int64_t>& sizes) {
  ValueSource source(name_of("square_sum", sizes));
  std::vector<HostArray> arrays;
  for (const int64_t size : sizes) arrays.push_back(source.vector(size));
  return [=](Fixture& fixture) {
    const SquareSum op{
        .sum = fixture.output_vector("sum", Partition::of_lengths({1}), Kind::kFloat64),
        .inputs = {},
    };
    std::vector<Tensor> inputs;
    for (const HostArray& array : arrays) {
      inputs.push_back(fixture.input(array, Partition::of_lengths({array.rows})));
    }
    return bound_list(std::move(inputs), op, &SquareSum::inputs, &Ops::square_sum);
  };
}

/// One parameter: each of its parts alone must become the same.
Binder make_adamw(const std::vector<int64_t>& parts) {
  const Partition partition = Partition::of_lengths(parts);
  const std::string name = name_of("adamw", parts);
  return [partition, drawn = draw_parameters(name, {partition.rows()})](Fixture& fixture) {
    std::vector<OptimizerSlot> slots = {place(drawn[0], partition, fixture)};
    slots[0].decays = true;
    const AdamWUpdate op{.slots = {},
                         .clip_factor = fixture.constant(kClipFactor),
                         .finite = fixture.constant(1),
                         .rates = kRates};
    return bound_list(std::move(slots), op, &AdamWUpdate::slots, &Ops::adamw_update);
  };
}

Binder make_lamb(const std::vector<int64_t>& sizes) {
  return [drawn = draw_parameters(name_of("lamb", sizes), sizes)](Fixture& fixture) {
    std::vector<OptimizerSlot> slots;
    for (const Parameter& parameter : drawn) {
      slots.push_back(place(parameter, Partition::of_lengths({parameter.weight.rows}), fixture));
    }
    const Partition one = Partition::of_lengths({int64_t(drawn.size())});
    const LambUpdate op{.ratios = fixture.output_vector("ratios", one, Kind::kFloat64),
                        .slots = {},
                        .clip_factor = fixture.constant(kClipFactor),
                        .finite = fixture.constant(1),
                        .rates = kRates};
    return bound_list(std::move(slots), op, &LambUpdate::slots, &Ops::lamb_update);
  };
}

void add(CaseList& cases, const std::vector<int64_t>& sizes, bool timed = false) {
  const auto items = int64_t(sizes.size());
  cases.push_back({"square_sum", name_of("square_sum", sizes), 1, 1, timed,
                   [sizes] { return make_square_sum(sizes); }});
  cases.push_back(
      {"adamw", name_of("adamw", sizes), items, 1, timed, [sizes] { return make_adamw(sizes); }});
  cases.push_back(
      {"lamb", name_of("lamb", sizes), 1, 1, timed, [sizes] { return make_lamb(sizes); }});
}

}  // namespace

void add_optimizer_cases(CaseList& cases) {
  for (const int64_t size : kAwkwardSizes) add(cases, {size});
  add(cases, {1, 7, 64, 513, 2});
  add(cases, {16383, 16384, 16385});
  add(cases, {768 * 768, 768}, true);
}

}  // namespace albert::checks
