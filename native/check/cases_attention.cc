// Cases of attention over packed sequences.

#include <utility>

#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t heads;
  int64_t head_size;
  std::vector<int64_t> lengths;
  std::vector<int64_t> query_lengths = {};  // empty: every row of a sequence is a query
  bool keep_log_sum_exp = false;
  bool probabilities = false;
  double deviation = 1;  // of queries and keys
  bool sliced = false;   // context is a slice of columns
};

std::string name_of(const Sizes& s) {
  std::string name = "attention/heads=" + std::to_string(s.heads) +
                     ",head_size=" + std::to_string(s.head_size) + ",lengths=" + joined(s.lengths);
  if (!s.query_lengths.empty()) name += ",queries=" + joined(s.query_lengths);
  if (s.keep_log_sum_exp) name += ",log_sum_exp";
  if (s.probabilities) name += ",probabilities";
  if (s.deviation != 1) name += ",deviation=" + std::to_string(int64_t(s.deviation));
  return name + (s.sliced ? ",sliced" : "");
}

struct Inputs {
  Partition keys;
  Partition queries;
  Partition pairs;  // elements of the probabilities
  HostArray qkv;    // (T, 3H); its queries are unused where there are others
  HostArray other_queries;
};

Inputs draw(const Sizes& s) {
  ValueSource source(name_of(s));
  const int64_t hidden = s.heads * s.head_size;
  const std::vector<int64_t>& query_lengths = s.query_lengths.empty() ? s.lengths : s.query_lengths;
  std::vector<int64_t> pairs;
  for (size_t b = 0; b < s.lengths.size(); ++b) {
    pairs.push_back(s.heads * query_lengths[b] * s.lengths[b]);
  }
  Inputs inputs{Partition::of_lengths(s.lengths),
                Partition::of_lengths(query_lengths),
                Partition::of_lengths(pairs),
                {},
                {}};
  inputs.qkv = source.matrix(inputs.keys.rows(), 3 * hidden, s.deviation);
  inputs.other_queries = source.matrix(inputs.queries.rows(), hidden, s.deviation);
  return inputs;
}

AttentionForward bind(Fixture& fixture, const Sizes& s, const Inputs& inputs) {
  const int64_t hidden = s.heads * s.head_size;
  const Tensor qkv = fixture.input(inputs.qkv, inputs.keys);
  const Placement placement{.left = s.sliced ? 5 : 0, .right = s.sliced ? hidden : 0};
  return {
      .context = fixture.output("context", inputs.queries, hidden, placement),
      .log_sum_exp = s.keep_log_sum_exp ? fixture.output("log_sum_exp", inputs.queries, s.heads,
                                                         {.kind = Kind::kMaster})
                                        : Tensor{},
      .probabilities =
          s.probabilities ? fixture.output_vector("probabilities", inputs.pairs) : Tensor{},
      .queries = s.query_lengths.empty() ? qkv.slice_columns(0, hidden)
                                         : fixture.input(inputs.other_queries, inputs.queries),
      .keys = qkv.slice_columns(hidden, hidden),
      .values = qkv.slice_columns(2 * hidden, hidden),
      .query_cu_seqlens = fixture.offsets(inputs.queries),
      .cu_seqlens = fixture.offsets(inputs.keys),
      .heads = s.heads,
      .dropout = {},
  };
}

void add(CaseList& cases, const Sizes& s, double magnitude = 1, bool timed = false) {
  cases.push_back(
      {"attention", name_of(s), int64_t(s.lengths.size()), magnitude, timed, [s]() -> Binder {
         return [s, inputs = draw(s)](Fixture& fixture) {
           return bound_by_lengths(fixture, bind(fixture, s, inputs), &Ops::attention_forward);
         };
       }});
}

const std::vector<int64_t> kMix = {1, 37, 5, 128, 2};

void add_sizes(CaseList& cases) {
  int64_t turn = 0;
  for (const int64_t head_size : {1, 4, 8, 16, 20, 32, 64, 80, 128}) {
    add(cases, {.heads = 1 + turn % 3,
                .head_size = head_size,
                .lengths = {7, 1, 33, 2, 17},
                .keep_log_sum_exp = turn % 2 == 0,
                .probabilities = turn % 3 != 0,
                .sliced = turn % 4 == 3});
    ++turn;
  }
  for (const int64_t length : kAwkwardSizes) {
    add(cases, {.heads = 2,
                .head_size = 8,
                .lengths = {length},
                .keep_log_sum_exp = true,
                .probabilities = true});
  }
}

void add_subsets(CaseList& cases) {
  add(cases, {.heads = 3,
              .head_size = 20,
              .lengths = kMix,
              .query_lengths = {1, 1, 1, 1, 1},
              .keep_log_sum_exp = true});
  add(cases, {.heads = 2,
              .head_size = 64,
              .lengths = kMix,
              .query_lengths = {0, 3, 0, 17, 2},
              .keep_log_sum_exp = true,
              .probabilities = true});
  add(cases, {.heads = 2, .head_size = 16, .lengths = {3, 40}, .query_lengths = {0, 0}});
  // More queries than keys: the op does not ask that they be the same rows.
  add(cases, {.heads = 1,
              .head_size = 4,
              .lengths = {2, 1},
              .query_lengths = {9, 5},
              .probabilities = true});
}

}  // namespace

void add_attention_cases(CaseList& cases) {
  add_sizes(cases);
  add_subsets(cases);
  add(cases, {.heads = 4, .head_size = 64, .lengths = kMix, .keep_log_sum_exp = true});
  add(cases, {.heads = 2, .head_size = 64, .lengths = {512}, .keep_log_sum_exp = true}, 1, true);
  add(cases, {.heads = 12, .head_size = 64, .lengths = {128}}, 1, true);
  add(cases, {.heads = 12, .head_size = 64, .lengths = {31}, .query_lengths = {1}}, 1, true);
  // The ways of CUDA kernels: heads of 64 and 128, a few tiles of keys for few and many queries.
  add(cases, {.heads = 1, .head_size = 64, .lengths = {129}, .keep_log_sum_exp = true});
  add(cases, {.heads = 2, .head_size = 64, .lengths = {129, 70}});
  add(cases, {.heads = 1, .head_size = 128, .lengths = {97}});
  add(cases, {.heads = 2, .head_size = 128, .lengths = {70, 1, 121}});
  // Enough rows and heads for the wide blocks of a GPU, in one sequence and in several.
  add(cases, {.heads = 108, .head_size = 64, .lengths = {129}, .keep_log_sum_exp = true});
  add(cases, {.heads = 72, .head_size = 128, .lengths = {70, 1, 121}});
  // Scores of tens and of thousands: what float32 does not know of them, the softmax passes on to
  // the probabilities that lie between 0 and 1.
  for (const auto& [deviation, magnitude] : {std::pair{3.0, 10.0}, std::pair{30.0, 200.0}}) {
    add(cases,
        {.heads = 2,
         .head_size = 16,
         .lengths = {5, 31},
         .keep_log_sum_exp = true,
         .probabilities = true,
         .deviation = deviation},
        magnitude);
  }
}

}  // namespace albert::checks
