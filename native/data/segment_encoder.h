// Lines of text as tokens that know where words start.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/thread_pool.h"
#include "data/corpus_reader.h"
#include "data/pretraining_example.h"
#include "text/tokenizer.h"

namespace albert::data {

/// Whether a piece begins a word, by the rule of the original script: it starts with U+2581 or "<",
/// is a punctuation mark, or holds anything but the letters a to z and those marks.
bool starts_word(std::string_view piece);

class SegmentEncoder {
 public:
  /// Throws Error{kConfig} where the vocabulary lacks [CLS], [SEP] or [MASK].
  explicit SegmentEncoder(std::shared_ptr<const text::Tokenizer> tokenizer);

  const ExampleVocabulary& vocabulary() const { return vocabulary_; }
  /// Equal for equal vocabularies.
  uint32_t checksum() const { return checksum_; }

  /// The documents in the same order, without lines and documents that have no token; by `width`
  /// threads of the pool at most.
  std::vector<Document> encode(const std::vector<TextDocument>& documents, ThreadPool& pool,
                               int width) const;

 private:
  Segment encode_line(std::string_view line) const;
  Document encode_document(const TextDocument& lines) const;

  const std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<bool> starts_word_;  // by id
  ExampleVocabulary vocabulary_;
  uint32_t checksum_ = 0;
};

}  // namespace albert::data
