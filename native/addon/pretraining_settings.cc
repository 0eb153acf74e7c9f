// Fields of a JavaScript object → data::PretrainingSettings.
#include "addon/pretraining_settings.h"

#include <limits>
#include <type_traits>

namespace albert::addon {

namespace {

/// Reads fields that are present.
class SettingsReader {
 public:
  explicit SettingsReader(const Argument& settings) : settings_(settings) {}

  template <class T>
  void read(const char* name, T& value) const {
    const Argument field = settings_.field(name);
    if (field.absent()) return;
    if constexpr (std::is_same_v<T, bool>) {
      value = field.boolean();
    } else if constexpr (std::is_floating_point_v<T>) {
      value = field.number();
    } else if constexpr (std::is_integral_v<T>) {
      constexpr int64_t kExact = int64_t{1} << 53;  // integers that a double holds
      constexpr bool kWide = sizeof(T) == sizeof(int64_t);
      const int64_t least = std::is_signed_v<T> ? std::numeric_limits<int32_t>::min() : 0;
      value = T(field.integer(least, kWide ? kExact : int64_t(std::numeric_limits<T>::max())));
    } else {
      value = field.utf8();
    }
  }

 private:
  const Argument& settings_;
};

data::CorpusFormat read_format(const Argument& settings) {
  const Argument field = settings.field("format");
  const std::string name = field.absent() ? "auto" : field.utf8();
  if (name == "auto") return data::CorpusFormat::kAuto;
  if (name == "text") return data::CorpusFormat::kText;
  if (name == "wikiextractor") return data::CorpusFormat::kWikiExtractor;
  if (name == "jsonl") return data::CorpusFormat::kJsonLines;
  field.refuse_range("\"auto\", \"text\", \"wikiextractor\" or \"jsonl\", got \"" + name + "\"");
}

}  // namespace

data::PretrainingSettings read_pretraining_settings(const Argument& settings) {
  const SettingsReader reader(settings);
  data::PretrainingSettings all;
  reader.read("masked_lm_prob", all.masking.masked_lm_prob);
  reader.read("max_predictions_per_seq", all.masking.max_predictions_per_seq);
  reader.read("ngram", all.masking.ngram);
  reader.read("favor_longer_ngram", all.masking.favor_longer_ngram);
  reader.read("whole_word_mask", all.masking.whole_word_mask);
  reader.read("independent_mask", all.masking.independent_mask);
  reader.read("random_tokens_from", all.masking.random_tokens_from);
  reader.read("permutation", all.masking.permutation);
  reader.read("max_seq_length", all.pairs.max_seq_length);
  reader.read("short_seq_prob", all.pairs.short_seq_prob);
  reader.read("sentence_order", all.pairs.sentence_order);
  reader.read("random_next_sentence", all.pairs.random_next_sentence);
  reader.read("skip_single_segments", all.pairs.skip_single_segments);
  reader.read("truncate_at_end", all.pairs.truncate_at_end);
  all.corpus.format = read_format(settings);
  reader.read("text_field", all.corpus.text_field);
  reader.read("blank_line_ends_document", all.corpus.blank_line_ends_document);
  reader.read("split_sentences", all.corpus.split_sentences);
  reader.read("skip_first_line", all.corpus.skip_first_line);
  reader.read("min_document_segments", all.corpus.min_document_segments);
  reader.read("hold_out_every", all.corpus.hold_out_every);
  reader.read("held_out", all.corpus.held_out);
  reader.read("rank", all.corpus.rank);
  reader.read("world_size", all.corpus.world_size);
  reader.read("dupe_factor", all.dupe_factor);
  reader.read("shuffle_tokens", all.shuffle_tokens);
  reader.read("seed", all.seed);
  reader.read("original", all.original);
  reader.read("original_ngram_seed", all.original_ngram_seed);
  return all;
}

}  // namespace albert::addon
