// Cases of the embedding sum.

#include "check/cases.h"

namespace albert::checks {

namespace {

struct Sizes {
  int64_t tokens;
  int64_t columns;
  int64_t vocabulary;
  int64_t positions;
};

std::string name_of(const Sizes& s) {
  return "embedding/tokens=" + std::to_string(s.tokens) + ",columns=" + std::to_string(s.columns) +
         ",vocabulary=" + std::to_string(s.vocabulary);
}

Binder make(const Sizes& s) {
  ValueSource source(name_of(s));
  const HostArray word = source.matrix(s.vocabulary, s.columns);
  const HostArray segment = source.matrix(2, s.columns);
  const HostArray position = source.matrix(s.positions, s.columns);
  const std::vector<int32_t> tokens = source.indices(s.tokens, s.vocabulary);
  const std::vector<int32_t> segments = source.indices(s.tokens, 2);
  const std::vector<int32_t> positions = source.indices(s.tokens, s.positions);
  return [=, rows = Partition::each(s.tokens)](Fixture& fixture) {
    const EmbeddingForward op{
        .y = fixture.output("y", rows, s.columns, {.kind = Kind::kMaster}),
        .tokens = fixture.indices(tokens, rows),
        .segments = fixture.indices(segments, rows),
        .positions = fixture.indices(positions, rows),
        .word = fixture.shared(word),
        .segment = fixture.shared(segment, {.kind = Kind::kMaster}),
        .position = fixture.shared(position, {.kind = Kind::kMaster}),
    };
    return bound(op, &Ops::embedding_forward);
  };
}

void add(CaseList& cases, const Sizes& s, bool timed = false) {
  cases.push_back({"embedding", name_of(s), s.tokens, 1, timed, [s] { return make(s); }});
}

}  // namespace

void add_embedding_cases(CaseList& cases) {
  int64_t tokens = 1;
  for (const int64_t columns : kAwkwardSizes) add(cases, {tokens++, columns, 11, 16});
  add(cases, {1, 128, 1, 1});
  add(cases, {7, 16, 3, 512});
  add(cases, {128, 128, 1000, 512}, true);
}

}  // namespace albert::checks
