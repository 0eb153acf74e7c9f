// Lines of text as tokens that know where words start.
#pragma once

#include <functional>
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

/// Who does the work, and when it may be left undone: nobody waits for it any more.
struct Workers {
  ThreadPool& pool;
  int width;                      // threads at most, the caller among them
  std::function<bool()> stopped;  // asked now and then, from any of the threads
};

class SegmentEncoder {
 public:
  /// Throws Error{kConfig} where the vocabulary lacks [CLS], [SEP] or [MASK].
  explicit SegmentEncoder(std::shared_ptr<const text::Tokenizer> tokenizer);

  const ExampleVocabulary& vocabulary() const { return vocabulary_; }
  /// Equal for equal vocabularies.
  uint32_t checksum() const { return checksum_; }

  /// The documents in the same order, without lines and documents that have no token. Throws
  /// Error{kAborted} where the workers were stopped.
  std::vector<Document> encode(const std::vector<TextDocument>& documents,
                               const Workers& workers) const;

 private:
  Segment encode_line(std::string_view line) const;
  Document encode_document(const TextDocument& lines, const Workers& workers) const;

  const std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<bool> starts_word_;  // by id
  ExampleVocabulary vocabulary_;
  uint32_t checksum_ = 0;
};

}  // namespace albert::data
