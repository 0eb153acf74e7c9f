// Pretraining examples made as they are read: block by block, the next one in the background.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "data/corpus_reader.h"
#include "data/segment_encoder.h"
#include "data/sentence_pairs.h"

namespace albert::data {

/// Behind which example a reader stands: `index` examples of the block that begins at `corpus`.
struct StreamPosition {
  int64_t pass = 0;
  int64_t block = 0;  // of the pass
  CorpusPosition corpus;
  int64_t index = 0;
};

/// What examples were made of, for telling whether a saved position still means the same.
struct CorpusFile {
  std::string name;
  uint64_t bytes;
  uint32_t checksum;  // of its beginning and its end
};

/// Some examples of one block; `origin` stands before the first of them.
struct TakenExamples {
  StreamPosition origin;
  std::vector<PretrainingExample> examples;
};

/// A block is a run of documents of about `shuffle_tokens` tokens. Its documents and its examples
/// are shuffled, and a segment "from elsewhere" comes from another of its documents, by draws that
/// depend on seed, pass, rank and block alone: any position can be restored by making its block
/// again. At most two blocks are in memory. Thread-safe.
class PretrainingStream {
 public:
  /// Throws Error{kRange} for settings out of range, Error{kConfig} for a vocabulary without
  /// special tokens.
  PretrainingStream(std::vector<std::string> files,
                    std::shared_ptr<const text::Tokenizer> tokenizer,
                    const PretrainingSettings& settings);

  /// Up to `count` examples, none behind the last pass. Makes their block where it is not ready.
  /// Throws Error{kFormat} for a corpus without text, and where a file is no text; Error{kRange}
  /// where it is shorter than one example or nothing of it can be masked.
  TakenExamples take(size_t count, const Workers& workers);
  /// Makes the block behind the current one, unless it is there already; take() throws what fails.
  void prefetch(const Workers& workers) noexcept;
  /// The next take() goes on behind that position. Throws Error{kRange} where there is no such
  /// file; take() throws where the file does not reach so far.
  void seek(const StreamPosition& position);

  const PretrainingSettings& settings() const { return settings_; }
  uint32_t vocabulary_checksum() const { return encoder_.checksum(); }
  /// Reads a little of each file. Throws what opening a file throws.
  std::vector<CorpusFile> fingerprint() const;

 private:
  struct Block {
    StreamPosition origin;
    StreamPosition next;
    std::vector<PretrainingExample> examples;
  };

  Block make_block(const StreamPosition& origin, const Workers& workers);
  std::vector<PretrainingExample> make_examples(std::vector<Document> documents,
                                                const StreamPosition& origin) const;
  std::vector<PretrainingExample> make_original_examples(std::vector<Document> documents) const;
  /// For blocks that are a whole pass: refuses a corpus that cannot be trained on.
  void check_corpus(const std::vector<Document>& documents, int64_t all_documents) const;
  void check_examples(const std::vector<PretrainingExample>& examples, bool whole_pass) const;
  bool ended(const StreamPosition& position) const;

  const std::vector<std::string> files_;
  const PretrainingSettings settings_;
  const SegmentEncoder encoder_;
  const ExampleMaker maker_;

  std::mutex mutex_;  // guards what follows
  CorpusReader reader_;
  std::optional<Block> current_;
  size_t taken_ = 0;            // of the current block
  std::optional<Block> ready_;  // the one behind it
  std::exception_ptr failure_;  // of making that one
  StreamPosition start_;        // where the first block begins
};

}  // namespace albert::data
