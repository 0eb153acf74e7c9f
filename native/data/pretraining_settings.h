// Everything that decides how a corpus becomes pretraining examples.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace albert::data {

/// Which tokens a model has to guess (arXiv 1909.11942, section 4.1).
struct MaskingSettings {
  double masked_lm_prob = 0.15;
  int32_t max_predictions_per_seq = 20;
  int32_t ngram = 3;                // words at most in one masked span
  bool favor_longer_ngram = false;  // p(n) ∝ 1 / (ngram + 1 − n) instead of 1 / n
  bool whole_word_mask = true;      // else a word is a piece
  bool independent_mask = false;    // each piece by itself with masked_lm_prob, as in BERT
  bool permutation = false;         // besides, as many tokens change places among themselves
  int32_t random_tokens_from = 0;   // the first id of those that stand in for others
};

/// What two segments of text an example is made of.
struct PairSettings {
  int32_t max_seq_length = 512;       // with [CLS] and twice [SEP]
  double short_seq_prob = 0.1;        // documents cut into shorter examples
  bool sentence_order = true;         // swap the segments of every other example
  bool random_next_sentence = false;  // instead: every other second segment from elsewhere
  bool skip_single_segments = false;  // else their second segment comes from elsewhere
  bool truncate_at_end = false;       // before the swap; else at random at either end
};

enum class CorpusFormat : uint8_t { kAuto, kText, kWikiExtractor, kJsonLines };

/// How files are read, and which documents this reader takes.
struct CorpusSettings {
  CorpusFormat format = CorpusFormat::kAuto;
  std::string text_field = "text";       // of an object of JSON lines
  bool blank_line_ends_document = true;  // else a text file is one document
  bool split_sentences = false;          // a line behind each of . ! ? and a space
  bool skip_first_line = false;          // titles
  int32_t min_document_segments = 1;     // shorter documents are left out
  int32_t hold_out_every = 0;            // n: documents 0, n, 2n, … are held out; 0 = none
  bool held_out = false;                 // take these instead of the others
  int32_t rank = 0;                      // documents are dealt to world_size readers in turn
  int32_t world_size = 1;
};

struct PretrainingSettings {
  MaskingSettings masking;
  PairSettings pairs;
  CorpusSettings corpus;
  int32_t dupe_factor = 40;          // passes over the corpus, each drawn anew
  int64_t shuffle_tokens = 1 << 20;  // documents and examples are shuffled among so many tokens
  uint64_t seed = 12345;
  /// The instances of the original script, draw for draw: the whole corpus is one shuffled block.
  bool original = false;
  uint32_t original_ngram_seed = 0;  // numpy's, which the original leaves to chance
};

/// Throws Error{kRange} naming the setting.
void validate(const PretrainingSettings& settings);

/// Each setting that examples depend on, by the name that callers know it by; for states and
/// comparisons. Rank and world size are among them.
std::vector<std::pair<std::string, std::string>> listed(const PretrainingSettings& settings);

}  // namespace albert::data
