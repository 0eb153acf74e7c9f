// Limits of the settings, and their list by name.
#include "data/pretraining_settings.h"

#include <array>
#include <charconv>
#include <type_traits>

#include "core/error.h"

namespace albert::data {

namespace {

std::string printed(double number) {
  std::array<char, 32> digits;  // the shortest form of a double has at most 24 characters
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return std::string(digits.data(), end.ptr);
}

void require(bool holds, const char* name, const std::string& expected, double got) {
  if (holds) return;
  throw Error(ErrorCode::kRange, std::string("pretraining data: ") + name + ": expected " +
                                     expected + ", got " + printed(got));
}

void validate_masking(const MaskingSettings& masking) {
  require(masking.masked_lm_prob > 0 && masking.masked_lm_prob < 1, "masked_lm_prob",
          "a rate above 0 and below 1 (nothing to guess, nothing to guess from)",
          masking.masked_lm_prob);
  require(masking.max_predictions_per_seq >= 1, "max_predictions_per_seq", "at least 1",
          masking.max_predictions_per_seq);
  require(masking.random_tokens_from >= 0, "random_tokens_from", "at least 0",
          masking.random_tokens_from);
  require(masking.ngram >= 1 && masking.ngram <= 16, "ngram", "1 to 16 words", masking.ngram);
}

void validate_corpus(const CorpusSettings& corpus) {
  require(corpus.min_document_segments >= 1, "min_document_segments", "at least 1",
          corpus.min_document_segments);
  require(corpus.hold_out_every >= 0 && corpus.hold_out_every != 1, "hold_out_every",
          "0 (hold nothing out) or at least 2", corpus.hold_out_every);
  require(!corpus.held_out || corpus.hold_out_every > 0, "hold_out_every",
          "at least 2 where held_out is asked for", corpus.hold_out_every);
  require(corpus.world_size >= 1 && corpus.world_size <= 65536, "world_size", "1 to 65536",
          corpus.world_size);
  require(corpus.rank >= 0 && corpus.rank < corpus.world_size, "rank",
          "0 to " + std::to_string(corpus.world_size - 1) + " (world_size - 1)", corpus.rank);
}

const char* name_of(CorpusFormat format) {
  switch (format) {
    case CorpusFormat::kAuto:
      return "auto";
    case CorpusFormat::kText:
      return "text";
    case CorpusFormat::kWikiExtractor:
      return "wikiextractor";
    case CorpusFormat::kJsonLines:
      return "jsonl";
  }
  return "auto";
}

}  // namespace

void validate(const PretrainingSettings& settings) {
  const PairSettings& pairs = settings.pairs;
  validate_masking(settings.masking);
  require(pairs.max_seq_length >= 5 && pairs.max_seq_length <= 65536, "max_seq_length",
          "5 to 65536 tokens ([CLS], [SEP], [SEP] and a token of each segment)",
          pairs.max_seq_length);
  require(pairs.short_seq_prob >= 0 && pairs.short_seq_prob <= 1, "short_seq_prob", "0 to 1",
          pairs.short_seq_prob);
  validate_corpus(settings.corpus);
  require(settings.dupe_factor >= 1 && settings.dupe_factor <= 65535, "dupe_factor",
          "1 to 65535 passes", settings.dupe_factor);
  require(settings.shuffle_tokens >= 1 && settings.shuffle_tokens <= int64_t{1} << 28,
          "shuffle_tokens", "1 to 2^28", double(settings.shuffle_tokens));
  require(!settings.original || settings.corpus.world_size == 1, "world_size",
          "1 where the original script's draws are asked for", settings.corpus.world_size);
}

std::vector<std::pair<std::string, std::string>> listed(const PretrainingSettings& settings) {
  std::vector<std::pair<std::string, std::string>> list;
  const auto add = [&](const char* name, auto value) {
    using Value = decltype(value);
    if constexpr (std::is_same_v<Value, bool>) {
      list.emplace_back(name, value ? "true" : "false");
    } else if constexpr (std::is_floating_point_v<Value>) {
      list.emplace_back(name, printed(value));
    } else if constexpr (std::is_integral_v<Value>) {
      list.emplace_back(name, std::to_string(value));
    } else {
      list.emplace_back(name, value);
    }
  };
  const MaskingSettings& masking = settings.masking;
  add("masked_lm_prob", masking.masked_lm_prob);
  add("max_predictions_per_seq", masking.max_predictions_per_seq);
  add("ngram", masking.ngram);
  add("favor_longer_ngram", masking.favor_longer_ngram);
  add("whole_word_mask", masking.whole_word_mask);
  add("independent_mask", masking.independent_mask);
  add("permutation", masking.permutation);
  add("random_tokens_from", masking.random_tokens_from);
  const PairSettings& pairs = settings.pairs;
  add("max_seq_length", pairs.max_seq_length);
  add("short_seq_prob", pairs.short_seq_prob);
  add("sentence_order", pairs.sentence_order);
  add("random_next_sentence", pairs.random_next_sentence);
  add("skip_single_segments", pairs.skip_single_segments);
  add("truncate_at_end", pairs.truncate_at_end);
  const CorpusSettings& corpus = settings.corpus;
  add("format", name_of(corpus.format));
  add("text_field", corpus.text_field);
  add("blank_line_ends_document", corpus.blank_line_ends_document);
  add("split_sentences", corpus.split_sentences);
  add("skip_first_line", corpus.skip_first_line);
  add("min_document_segments", corpus.min_document_segments);
  add("hold_out_every", corpus.hold_out_every);
  add("held_out", corpus.held_out);
  add("rank", corpus.rank);
  add("world_size", corpus.world_size);
  add("dupe_factor", settings.dupe_factor);
  add("shuffle_tokens", settings.shuffle_tokens);
  add("seed", settings.seed);
  add("original", settings.original);
  add("original_ngram_seed", settings.original_ngram_seed);
  return list;
}

}  // namespace albert::data
