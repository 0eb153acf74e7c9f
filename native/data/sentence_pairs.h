// Cuts documents into pairs of segments: in order, swapped, or with a segment from elsewhere.
#pragma once

#include <vector>

#include "data/masking.h"

namespace albert::data {

/// Makes the examples of documents, draw for draw as the original script does.
class ExampleMaker {
 public:
  ExampleMaker(const PretrainingSettings& settings, const ExampleVocabulary& vocabulary)
      : pairs_(settings.pairs), masking_(settings.masking, vocabulary), vocabulary_(vocabulary) {}

  /// Appends the examples of one document; the others are where random segments come from.
  void append_examples(const std::vector<Document>& documents, size_t index, const Draws& draws,
                       std::vector<PretrainingExample>& examples) const;

 private:
  struct Pair {
    std::vector<Token> first, second;
    OrderLabel order = OrderLabel::kNone;
    size_t unused_segments = 0;  // at the end of the chunk, to be used again
  };
  struct Chunk {
    const std::vector<Document>& documents;
    size_t document;
    size_t begin, end;  // segments
    size_t target;      // tokens
  };

  Pair make_pair(const Chunk& chunk, RandomSource& choices) const;
  void append_random_segments(Pair& pair, const Chunk& chunk, RandomSource& choices) const;
  void truncate(Pair& pair, RandomSource& choices) const;
  PretrainingExample make_example(const Pair& pair, const Draws& draws) const;

  const PairSettings pairs_;
  const Masking masking_;
  const ExampleVocabulary vocabulary_;
};

}  // namespace albert::data
