// Cases of dropout, alone and in the ops that carry it.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t rows;
  int64_t columns;
  double probability;
  bool in_place = false;
  bool ones = false;  // x is 1: y shows the mask, and nothing else
};

std::string name_of(const char* op, const Sizes& s) {
  return std::string(op) + ",rows=" + std::to_string(s.rows) +
         ",columns=" + std::to_string(s.columns) +
         ",probability=" + std::to_string(s.probability).substr(0, 4) +
         (s.in_place ? ",in_place" : "") + (s.ones ? ",ones" : "");
}

Binder make(const Sizes& s) {
  ValueSource source(name_of("dropout/alone", s));
  const HostArray x = s.ones ? constants(s.rows, s.columns, false, 1)
                             : source.matrix(s.rows, s.columns);
  const Origins origins = draw_origins(source, s.rows);
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const Tensor from = s.in_place ? fixture.in_place("y", x, rows) : fixture.input(x, rows);
    const DropoutForward op{.y = s.in_place ? from : fixture.output("y", rows, s.columns),
                            .x = from,
                            .dropout = bind_dropout(fixture, s.probability, origins, rows)};
    return bound(op, &Ops::dropout_forward);
  };
}

Binder make_norm(const Sizes& s) {
  ValueSource source(name_of("layer_norm/dropout", s));
  const HostArray x = source.matrix(s.rows, s.columns), residual = source.matrix(s.rows, s.columns);
  const HostArray weight = source.vector(s.columns, 0.2, 1), bias = source.vector(s.columns, 0.2);
  const Origins origins = draw_origins(source, s.rows);
  return [=, rows = Partition::each(s.rows)](Fixture& fixture) {
    const LayerNormForward op{.y = fixture.output("y", rows, s.columns),
                              .mean = fixture.output_vector("mean", rows),
                              .rstd = fixture.output_vector("rstd", rows),
                              .x = fixture.input(x, rows),
                              .residual = fixture.input(residual, rows),
                              .weight = fixture.shared(weight, {.kind = Kind::kMaster}),
                              .bias = fixture.shared(bias, {.kind = Kind::kMaster}),
                              .epsilon = 1e-12,
                              .dropout = bind_dropout(fixture, s.probability, origins, rows)};
    return bound(op, &Ops::layer_norm_forward);
  };
}

struct AttentionSizes {
  int64_t heads;
  int64_t head_size;
  std::vector<int64_t> lengths;
};

std::string name_of(const AttentionSizes& s) {
  return "attention/dropout,heads=" + std::to_string(s.heads) +
         ",head_size=" + std::to_string(s.head_size) + ",lengths=" + joined(s.lengths);
}

Binder make_attention(const AttentionSizes& s) {
  ValueSource source(name_of(s));
  const Partition sequences = Partition::of_lengths(s.lengths);
  const int64_t H = s.heads * s.head_size;
  const HostArray qkv = source.matrix(sequences.rows(), 3 * H);
  const Origins origins = draw_origins(source, sequences.rows());
  return [=](Fixture& fixture) {
    const Tensor whole = fixture.input(qkv, sequences);
    const AttentionForward op{
        .context = fixture.output("context", sequences, H),
        .log_sum_exp = fixture.output("log_sum_exp", sequences, s.heads, {.kind = Kind::kMaster}),
        .probabilities = {},
        .queries = whole.slice_columns(0, H),
        .keys = whole.slice_columns(H, H),
        .values = whole.slice_columns(2 * H, H),
        .query_cu_seqlens = fixture.offsets(sequences),
        .cu_seqlens = fixture.offsets(sequences),
        .heads = s.heads,
        .dropout = bind_dropout(fixture, 0.1, origins, sequences)};
    return bound_by_lengths(fixture, op, &Ops::attention_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back(
      {"dropout", name_of("dropout/alone", s), s.rows, 1, timed, [s] { return make(s); }});
}

void add_norm(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back({"layer_norm_dropout", name_of("layer_norm/dropout", s), s.rows, 1, timed,
                   [s] { return make_norm(s); }});
}

void add_attention(CaseList& cases, const AttentionSizes& s, bool timed = false) {
  cases.push_back({"attention_dropout", name_of(s), int64_t(s.lengths.size()), 1, timed,
                   [s] { return make_attention(s); }});
}

}  // namespace

void add_dropout_cases(CaseList& cases) {
  int64_t rows = 0;
  for (const int64_t columns : kAwkwardSizes) {
    ++rows;
    add(cases, {rows, columns, rows % 3 == 0 ? 0.5 : 0.1, rows % 2 == 0});
    if (columns > 3) add_norm(cases, {rows, columns, 0.2});
    add_attention(cases, {2, 8, {columns, 3}});
  }
  add(cases, {3, 300, 0.9});
  add(cases, {3, 300, 0});
  for (const double probability : {0.1, 0.5}) {
    add(cases, {37, 333, probability, /*in_place=*/false, /*ones=*/true});
  }
  add(cases, {128, 128, 0.1, true});
  add(cases, {1024, 768, 0.1, true}, true);
  add_norm(cases, {128, 768, 0.1});
  add_norm(cases, {1024, 768, 0.1}, true);
  add_attention(cases, {12, 64, {128}});
  add_attention(cases, {12, 64, std::vector<int64_t>(8, 128)}, true);
}

}  // namespace albert::checks
