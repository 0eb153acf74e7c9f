// Chooses the tokens of an example that a model has to guess.
#pragma once

#include <vector>

#include "data/pretraining_example.h"
#include "data/pretraining_settings.h"
#include "data/random.h"

namespace albert::data {

/// The generators of an example's draws. The original script draws the lengths of n-grams from
/// another generator than all the rest; elsewhere both are the same.
struct Draws {
  RandomSource& choices;
  RandomSource& lengths;
};

/// Masks n-grams of words, draw for draw as the original script does, or independent pieces. The
/// example arrives with its unmasked tokens and leaves with positions and labels; `tokens` tells
/// where words start.
class Masking {
 public:
  /// Throws Error{kRange} for settings that do not fit the vocabulary.
  Masking(const MaskingSettings& settings, const ExampleVocabulary& vocabulary);

  void apply(PretrainingExample& example, const std::vector<Token>& tokens,
             const Draws& draws) const;

 private:
  struct Work;  // of one example

  void find_words(Work& work) const;
  void mask_ngrams(Work& work, const Draws& draws) const;
  void permute(Work& work, const Draws& draws) const;
  void mask_independently(Work& work, const Draws& draws) const;
  /// The pieces of an n-gram that still fits and covers nothing twice; else empty.
  std::vector<int32_t> draw_ngram(const Work& work, size_t first_word, size_t taken,
                                  const Draws& draws) const;
  void replace(Work& work, int32_t position, const Draws& draws) const;

  const MaskingSettings settings_;
  const ExampleVocabulary vocabulary_;
  std::vector<double> cumulative_;  // of the probabilities of 1 to ngram words
};

}  // namespace albert::data
