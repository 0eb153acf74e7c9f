// N-gram masking as in create_pretraining_data.py, and independent masking as in BERT.
#include "data/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.h"

namespace albert::data {

namespace {

struct Prediction {
  int32_t position;
  int32_t label;
};

/// Sums in the order in which numpy adds up so few numbers.
std::vector<double> cumulative_of(const MaskingSettings& settings) {
  std::vector<double> probabilities;
  for (int32_t n = 1; n <= settings.ngram; ++n) probabilities.push_back(1.0 / n);
  const auto normalize = [&] {
    const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
    for (double& probability : probabilities) probability /= sum;
  };
  normalize();
  if (settings.favor_longer_ngram) std::reverse(probabilities.begin(), probabilities.end());
  normalize();  // again, as the original does: the last bit may change
  std::partial_sum(probabilities.begin(), probabilities.end(), probabilities.begin());
  for (double& bound : probabilities) bound /= probabilities.back();
  return probabilities;
}

}  // namespace

struct Masking::Work {
  const std::vector<Token>& tokens;
  PretrainingExample& example;
  size_t limit = 0;                              // tokens to predict at most
  std::vector<bool> covered = {};                // by position
  std::vector<std::vector<int32_t>> words = {};  // positions of each word's pieces, ascending
  std::vector<size_t> order = {};                // first words of n-grams, shuffled
  std::vector<Prediction> predictions = {};
};

Masking::Masking(const MaskingSettings& settings, const ExampleVocabulary& vocabulary)
    : settings_(settings), vocabulary_(vocabulary), cumulative_(cumulative_of(settings)) {
  if (settings.random_tokens_from < vocabulary.size) return;
  throw Error(ErrorCode::kRange, "pretraining data: random_tokens_from: expected an id of the " +
                                     std::to_string(vocabulary.size) + " of the vocabulary");
}

void Masking::apply(PretrainingExample& example, const std::vector<Token>& tokens,
                    const Draws& draws) const {
  // Half to even, as Python rounds.
  const double wanted = std::nearbyint(double(tokens.size()) * settings_.masked_lm_prob);
  const double most = settings_.max_predictions_per_seq;
  Work work{.tokens = tokens,
            .example = example,
            .limit = size_t(std::min(most, std::max(1.0, wanted))),
            .covered = std::vector<bool>(tokens.size())};
  find_words(work);
  if (settings_.independent_mask) {
    mask_independently(work, draws);
  } else {
    mask_ngrams(work, draws);
  }
  std::sort(work.predictions.begin(), work.predictions.end(),
            [](const Prediction& a, const Prediction& b) { return a.position < b.position; });
  for (const Prediction& prediction : work.predictions) {
    example.positions.push_back(prediction.position);
    example.labels.push_back(prediction.label);
  }
}

void Masking::find_words(Work& work) const {
  std::vector<uint8_t>& boundaries = work.example.boundaries;
  boundaries.assign(work.tokens.size(), 0);
  for (size_t i = 0; i < work.tokens.size(); ++i) {
    const Token& token = work.tokens[i];
    const bool special = token.id == vocabulary_.cls || token.id == vocabulary_.sep;
    boundaries[i] = special || token.starts_word;
    if (special) continue;
    // The original looks back over a [SEP], too: a first piece that starts no word joins the last.
    if (settings_.whole_word_mask && !token.starts_word && !work.words.empty()) {
      work.words.back().push_back(int32_t(i));
    } else {
      work.words.push_back({int32_t(i)});
    }
  }
}

void Masking::mask_ngrams(Work& work, const Draws& draws) const {
  work.order.resize(work.words.size());
  std::iota(work.order.begin(), work.order.end(), size_t{0});
  draws.choices.shuffle(work.order);
  for (const size_t first_word : work.order) {
    if (work.predictions.size() >= work.limit) break;
    for (int32_t position : draw_ngram(work, first_word, work.predictions.size(), draws)) {
      replace(work, position, draws);
    }
  }
  draws.choices.shuffle(work.order);  // the original draws this whether it permutes or not
  if (settings_.permutation) permute(work, draws);
}

std::vector<int32_t> Masking::draw_ngram(const Work& work, size_t first_word, size_t taken,
                                         const Draws& draws) const {
  const auto drawn =
      std::upper_bound(cumulative_.begin(), cumulative_.end(), draws.lengths.uniform());
  size_t words = size_t(std::min(drawn, cumulative_.end() - 1) - cumulative_.begin()) + 1;
  std::vector<int32_t> positions;
  for (; words > 0; --words) {
    positions.clear();
    const size_t end = std::min(first_word + words, work.words.size());
    for (size_t word = first_word; word < end; ++word) {
      positions.insert(positions.end(), work.words[word].begin(), work.words[word].end());
    }
    if (taken + positions.size() <= work.limit) break;
  }
  const auto is_covered = [&](int32_t position) { return work.covered[size_t(position)]; };
  if (words == 0 || std::any_of(positions.begin(), positions.end(), is_covered)) return {};
  return positions;
}

void Masking::replace(Work& work, int32_t position, const Draws& draws) const {
  int32_t& token = work.example.tokens[size_t(position)];
  work.covered[size_t(position)] = true;
  work.predictions.push_back({position, token});
  if (draws.choices.chance(0.8)) {
    token = vocabulary_.mask;
  } else if (!draws.choices.chance(0.5)) {
    const int32_t first = settings_.random_tokens_from;
    token = first + int32_t(draws.choices.below(uint32_t(vocabulary_.size - first)));
  }
}

void Masking::permute(Work& work, const Draws& draws) const {
  std::vector<int32_t> selected;
  for (const size_t first_word : work.order) {
    if (selected.size() >= work.limit) break;
    for (int32_t position : draw_ngram(work, first_word, selected.size(), draws)) {
      work.covered[size_t(position)] = true;
      selected.push_back(position);
    }
  }
  std::sort(selected.begin(), selected.end());
  std::vector<int32_t> sources = selected;
  draws.choices.shuffle(sources);
  const std::vector<int32_t> before = work.example.tokens;
  for (size_t i = 0; i < selected.size(); ++i) {
    work.example.tokens[size_t(selected[i])] = before[size_t(sources[i])];
    work.predictions.push_back({selected[i], before[size_t(selected[i])]});
  }
}

void Masking::mask_independently(Work& work, const Draws& draws) const {
  std::vector<int32_t> chosen;
  for (const std::vector<int32_t>& word : work.words) {
    if (!draws.choices.chance(settings_.masked_lm_prob)) continue;
    chosen.insert(chosen.end(), word.begin(), word.end());
  }
  const size_t most = size_t(settings_.max_predictions_per_seq);
  if (chosen.size() > most) {  // which ones go must not depend on where they stand
    draws.choices.shuffle(chosen);
    chosen.resize(most);
  }
  for (int32_t position : chosen) replace(work, position, draws);
}

}  // namespace albert::data
