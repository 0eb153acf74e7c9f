// The walk over a document's segments, as create_instances_from_document does it.
#include "data/sentence_pairs.h"

#include <utility>

namespace albert::data {

namespace {

constexpr size_t kSpecialTokens = 3;  // [CLS], [SEP], [SEP]

void append(std::vector<Token>& tokens, const Document& document, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    tokens.insert(tokens.end(), document[i].begin(), document[i].end());
  }
}

struct TokenRange {
  size_t begin, end;
  size_t size() const { return end - begin; }
};

void keep(std::vector<Token>& tokens, const TokenRange& range) {
  tokens.resize(range.end);
  tokens.erase(tokens.begin(), tokens.begin() + std::ptrdiff_t(range.begin));
}

}  // namespace

void ExampleMaker::append_examples(const std::vector<Document>& documents, size_t index,
                                   const Draws& draws,
                                   std::vector<PretrainingExample>& examples) const {
  const Document& document = documents[index];
  size_t target = size_t(pairs_.max_seq_length) - kSpecialTokens;
  if (draws.choices.chance(pairs_.short_seq_prob)) {
    target = size_t(draws.choices.between(2, int64_t(target)));
  }
  size_t begin = 0, length = 0;
  for (size_t i = 0; i < document.size(); ++i) {
    length += document[i].size();
    if (i + 1 < document.size() && length < target) continue;
    const Chunk chunk{documents, index, begin, i + 1, target};
    if (pairs_.skip_single_segments && chunk.end - chunk.begin == 1) {
      begin = i + 1;
    } else {
      const Pair pair = make_pair(chunk, draws.choices);
      examples.push_back(make_example(pair, draws));
      i -= pair.unused_segments;
      begin = i + 1;
    }
    length = 0;
  }
}

ExampleMaker::Pair ExampleMaker::make_pair(const Chunk& chunk, RandomSource& choices) const {
  const Document& document = chunk.documents[chunk.document];
  const size_t segments = chunk.end - chunk.begin;
  size_t split = 1;
  if (segments >= 2) split = size_t(choices.between(1, int64_t(segments) - 1));
  Pair pair;
  append(pair.first, document, chunk.begin, chunk.begin + split);
  const bool random_next = pairs_.random_next_sentence;
  const bool has_order = random_next || pairs_.sentence_order;
  if (has_order && (segments == 1 || (random_next && choices.chance(0.5)))) {
    append_random_segments(pair, chunk, choices);
    pair.order = OrderLabel::kSwappedOrRandom;
    pair.unused_segments = segments - split;
  } else {
    append(pair.second, document, chunk.begin + split, chunk.end);
    if (pairs_.truncate_at_end) truncate(pair, choices);  // in the order of the document
    if (has_order) pair.order = OrderLabel::kInOrder;
    if (has_order && !random_next && choices.chance(0.5)) {
      std::swap(pair.first, pair.second);
      pair.order = OrderLabel::kSwappedOrRandom;
    }
  }
  truncate(pair, choices);
  return pair;
}

void ExampleMaker::append_random_segments(Pair& pair, const Chunk& chunk,
                                          RandomSource& choices) const {
  constexpr int kTries = 10;  // after which the document may be the same
  size_t other = chunk.document;
  for (int tries = 0; tries < kTries && other == chunk.document; ++tries) {
    other = choices.below(uint32_t(chunk.documents.size()));
  }
  const Document& document = chunk.documents[other];
  const size_t length = pair.first.size();
  const size_t target = chunk.target > length ? chunk.target - length : 0;
  for (size_t i = choices.below(uint32_t(document.size())); i < document.size(); ++i) {
    append(pair.second, document, i, i + 1);
    if (pair.second.size() >= target) break;
  }
}

void ExampleMaker::truncate(Pair& pair, RandomSource& choices) const {
  const size_t limit = size_t(pairs_.max_seq_length) - kSpecialTokens;
  TokenRange first{0, pair.first.size()}, second{0, pair.second.size()};
  while (first.size() + second.size() > limit) {
    TokenRange& longer = first.size() > second.size() ? first : second;
    if (!pairs_.truncate_at_end && choices.chance(0.5)) {
      ++longer.begin;
    } else {
      --longer.end;
    }
  }
  keep(pair.first, first);
  keep(pair.second, second);
}

PretrainingExample ExampleMaker::make_example(const Pair& pair, const Draws& draws) const {
  std::vector<Token> tokens;
  tokens.reserve(pair.first.size() + pair.second.size() + kSpecialTokens);
  tokens.push_back({vocabulary_.cls, true});
  tokens.insert(tokens.end(), pair.first.begin(), pair.first.end());
  tokens.push_back({vocabulary_.sep, true});
  PretrainingExample example;
  example.first_length = int32_t(tokens.size());
  example.order = pair.order;
  if (!pair.second.empty()) {
    tokens.insert(tokens.end(), pair.second.begin(), pair.second.end());
    tokens.push_back({vocabulary_.sep, true});
  }
  example.tokens.reserve(tokens.size());
  for (const Token& token : tokens) example.tokens.push_back(token.id);
  masking_.apply(example, tokens, draws);
  return example;
}

}  // namespace albert::data
