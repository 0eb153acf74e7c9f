// Cases of attention's backward.
#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t heads;
  int64_t head_size;
  std::vector<int64_t> lengths;
  std::vector<int64_t> query_lengths = {};  // empty: every row of a sequence is a query
  double dropout = 0;
  double deviation = 1;  // of queries and keys
  bool sliced = false;   // queries, keys and values, and their gradients, are columns of one matrix
};

std::string name_of(const Sizes& s) {
  std::string name = "attention_backward/heads=" + std::to_string(s.heads) +
                     ",head_size=" + std::to_string(s.head_size) + ",lengths=" + joined(s.lengths);
  if (!s.query_lengths.empty()) name += ",queries=" + joined(s.query_lengths);
  if (s.dropout > 0) name += ",dropout";
  if (s.deviation != 1) name += ",deviation=" + std::to_string(int64_t(s.deviation));
  return name + (s.sliced ? ",sliced" : "");
}

/// The shapes of a case, and the origins of its queries.
struct Layout {
  Sizes sizes;
  Partition keys;
  Partition queries;
  Origins origins;

  int64_t hidden() const { return sizes.heads * sizes.head_size; }
  /// Column block `block` of three, where they lie side by side.
  Placement block(int64_t block) const {
    if (!sizes.sliced) return {};
    return {.left = block * hidden(), .right = (2 - block) * hidden()};
  }
};

BoundOp forward(Fixture& fixture, const Layout& l, const Arrays& a) {
  const AttentionForward op{
      .context = fixture.output("context", l.queries, l.hidden()),
      .log_sum_exp =
          fixture.output("log_sum_exp", l.queries, l.sizes.heads, {.kind = Kind::kMaster}),
      .probabilities = {},
      .queries = fixture.input(a.at("queries"), l.queries),
      .keys = fixture.input(a.at("keys"), l.keys),
      .values = fixture.input(a.at("values"), l.keys),
      .query_cu_seqlens = fixture.offsets(l.queries),
      .cu_seqlens = fixture.offsets(l.keys),
      .heads = l.sizes.heads,
      .dropout = bind_dropout(fixture, l.sizes.dropout, l.origins, l.queries)};
  return bound_by_lengths(fixture, op, &Ops::attention_forward);
}

BoundOp backward(Fixture& fixture, const Layout& l, const Arrays& a) {
  const int64_t H = l.hidden();
  const AttentionBackward op{
      .dqueries = fixture.output("dqueries", l.queries, H, l.block(0)),
      .dkeys = fixture.output("dkeys", l.keys, H, l.block(1)),
      .dvalues = fixture.output("dvalues", l.keys, H, l.block(2)),
      .dcontext = fixture.input(a.at("dcontext"), l.queries),
      .context = fixture.input(a.at("context"), l.queries),
      .log_sum_exp = fixture.input(a.at("log_sum_exp"), l.queries, {.kind = Kind::kMaster}),
      .queries = fixture.input(a.at("queries"), l.queries, l.block(0)),
      .keys = fixture.input(a.at("keys"), l.keys, l.block(1)),
      .values = fixture.input(a.at("values"), l.keys, l.block(2)),
      .query_cu_seqlens = fixture.offsets(l.queries),
      .cu_seqlens = fixture.offsets(l.keys),
      .heads = l.sizes.heads,
      .dropout = bind_dropout(fixture, l.sizes.dropout, l.origins, l.queries)};
  return bound_by_lengths(fixture, op, &Ops::attention_backward);
}

OpPair draw(const Sizes& s) {
  ValueSource source(name_of(s));
  Layout l{.sizes = s,
           .keys = Partition::of_lengths(s.lengths),
           .queries = Partition::of_lengths(s.query_lengths.empty() ? s.lengths : s.query_lengths),
           .origins = {}};
  const int64_t H = l.hidden(), keys = l.keys.rows(), queries = l.queries.rows();
  Arrays arrays{{"queries", source.matrix(queries, H, s.deviation)},
                {"keys", source.matrix(keys, H, s.deviation)},
                {"values", source.matrix(keys, H)},
                {"dcontext", source.matrix(queries, H)}};
  l.origins = draw_origins(source, queries);
  return {.arrays = std::move(arrays),
          .forward = [l](Fixture& fixture, const Arrays& a) { return forward(fixture, l, a); },
          .backward = [l](Fixture& fixture, const Arrays& a) { return backward(fixture, l, a); },
          .objective = "context"};
}

void add(CaseList& cases, const Sizes& s, double magnitude = 1, bool timed = false) {
  add_pair(cases,
           {.op = "attention_backward",
            .name = name_of(s),
            .items = int64_t(s.lengths.size()),
            .magnitude = magnitude,
            .timed = timed,
            .make = {},
            .heavy = timed},
           [s] { return draw(s); });
}

const std::vector<int64_t> kMix = {1, 37, 5, 128, 2};

}  // namespace

void add_attention_backward_cases(CaseList& cases) {
  int64_t turn = 0;
  for (const int64_t head_size : {1, 4, 8, 16, 20, 32, 64, 80, 128}) {
    add(cases, {.heads = 1 + turn % 3,
                .head_size = head_size,
                .lengths = {7, 1, 33, 2, 17},
                .dropout = turn % 2 == 0 ? 0.1 : 0.0,
                .sliced = turn % 3 == 1});
    ++turn;
  }
  for (const int64_t length : kAwkwardSizes) {
    add(cases, {.heads = 2, .head_size = 8, .lengths = {length}, .dropout = 0.3, .sliced = true});
  }
  add(cases, {.heads = 3, .head_size = 20, .lengths = kMix, .query_lengths = {1, 1, 1, 1, 1}});
  add(cases, {.heads = 2,
              .head_size = 16,
              .lengths = kMix,
              .query_lengths = {0, 3, 0, 17, 2},
              .dropout = 0.1});
  add(cases, {.heads = 2, .head_size = 16, .lengths = {3, 40}, .query_lengths = {0, 0}});
  add(cases, {.heads = 2, .head_size = 16, .lengths = {5, 31}, .deviation = 3}, 10);
  // The ways of CUDA kernels: heads of 64 and 128, a few tiles of keys for few and many queries.
  add(cases, {.heads = 1, .head_size = 64, .lengths = {129}, .dropout = 0.1});
  add(cases, {.heads = 2, .head_size = 64, .lengths = {129, 70}});
  add(cases, {.heads = 1, .head_size = 128, .lengths = {97}});
  add(cases, {.heads = 2, .head_size = 128, .lengths = {70, 1, 121}, .dropout = 0.1});
  // Enough rows and heads for the wide blocks of a GPU.
  add(cases, {.heads = 108, .head_size = 64, .lengths = {70, 1, 65}, .dropout = 0.1});
  add(cases, {.heads = 72, .head_size = 128, .lengths = {130, 65}});
  add(cases, {.heads = 12, .head_size = 64, .lengths = {128}, .dropout = 0.1, .sliced = true});
  add(cases, {.heads = 2, .head_size = 64, .lengths = {512}, .sliced = true});
  const std::vector<int64_t> eight(8, 128), two(2, 512);
  for (const std::vector<int64_t>& lengths : {eight, two}) {
    add(cases,
        {.heads = 12, .head_size = 64, .lengths = lengths, .dropout = 0.1, .sliced = true}, 1,
        true);
  }
}

}  // namespace albert::checks
