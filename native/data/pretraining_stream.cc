// Blocks of examples: made, shuffled, handed out, made again after a seek.
#include "data/pretraining_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "core/error.h"
#include "formats/crc32c.h"
#include "formats/file.h"

namespace albert::data {

namespace {

/// English text has about four bytes a token.
constexpr int64_t kBytesPerToken = 4;
/// Keeps the draws apart from others that use the same seed.
constexpr uint64_t kSeedOfData = 0x70726574'7261696e;

size_t count_tokens(const std::vector<Document>& documents) {
  size_t tokens = 0;
  for (const Document& document : documents) {
    for (const Segment& segment : document) tokens += segment.size();
  }
  return tokens;
}

size_t block_bytes(const PretrainingSettings& settings) {
  if (settings.original) return std::numeric_limits<size_t>::max();
  const int64_t tokens = std::max<int64_t>(settings.shuffle_tokens, settings.pairs.max_seq_length);
  return size_t(tokens * kBytesPerToken);
}

uint64_t stream_of(const StreamPosition& origin, const CorpusSettings& corpus) {
  return (uint64_t(origin.pass) << 48) | (uint64_t(corpus.rank) << 32) | uint64_t(origin.block);
}

CorpusFile fingerprint_of(const std::string& path) {
  constexpr uint64_t kEnds = 1 << 16;
  const formats::RandomAccessFile file(path);
  std::array<std::byte, kEnds> bytes;
  const uint64_t count = std::min(kEnds, file.size());
  const auto part = std::span(bytes).first(size_t(count));
  file.read(0, part);
  uint32_t checksum = formats::crc32c(part);
  file.read(file.size() - count, part);
  checksum = formats::crc32c(part, checksum);
  return {path.substr(path.rfind('/') + 1), file.size(), checksum};
}

}  // namespace

PretrainingStream::PretrainingStream(std::vector<std::string> files,
                                     std::shared_ptr<const text::Tokenizer> tokenizer,
                                     const PretrainingSettings& settings)
    : files_(std::move(files)),
      settings_((validate(settings), settings)),
      encoder_(std::move(tokenizer)),
      maker_(settings_, encoder_.vocabulary()),
      reader_(files_, settings_) {
  if (files_.empty()) {
    throw Error(ErrorCode::kRange, "pretraining data: expected at least one file, got none");
  }
}

TakenExamples PretrainingStream::take(size_t count, const Workers& workers) {
  const std::lock_guard lock(mutex_);
  while (!current_ || taken_ == current_->examples.size()) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    const StreamPosition next = current_ ? current_->next : start_;
    if (!ready_ && ended(next)) return {next, {}};
    const size_t skipped = current_ ? 0 : size_t(start_.index);
    current_ = ready_ ? *std::exchange(ready_, {}) : make_block(next, workers);
    taken_ = std::min(skipped, current_->examples.size());
  }
  TakenExamples taken{current_->origin, {}};
  taken.origin.index = int64_t(taken_);
  const size_t end = std::min(taken_ + count, current_->examples.size());
  const auto first = current_->examples.begin();
  taken.examples.assign(std::move_iterator(first + std::ptrdiff_t(taken_)),
                        std::move_iterator(first + std::ptrdiff_t(end)));
  taken_ = end;
  return taken;
}

void PretrainingStream::prefetch(const Workers& workers) noexcept {
  const std::lock_guard lock(mutex_);
  if (!current_ || ready_ || failure_ || ended(current_->next)) return;
  try {
    ready_ = make_block(current_->next, workers);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void PretrainingStream::seek(const StreamPosition& position) {
  if (position.corpus.file > int64_t(files_.size())) {
    throw Error(ErrorCode::kRange, "pretraining data: expected a position in one of " +
                                       std::to_string(files_.size()) + " files, got file " +
                                       std::to_string(position.corpus.file));
  }
  const std::lock_guard lock(mutex_);
  current_.reset();
  ready_.reset();
  failure_ = nullptr;
  start_ = position;
}

bool PretrainingStream::ended(const StreamPosition& position) const {
  return position.pass >= (settings_.original ? 1 : settings_.dupe_factor);
}

PretrainingStream::Block PretrainingStream::make_block(const StreamPosition& origin,
                                                       const Workers& workers) {
  reader_.seek(origin.corpus);  // whatever an earlier failure left behind
  std::vector<TextDocument> texts;
  const bool more = reader_.read(block_bytes(settings_), texts);
  std::vector<Document> documents = encoder_.encode(texts, workers);
  const bool whole_pass = !more && origin.block == 0;
  if (whole_pass) check_corpus(documents, reader_.position().documents);
  Block block{.origin = origin, .next = origin, .examples = {}};
  block.origin.index = 0;
  if (!documents.empty()) {
    block.examples = settings_.original ? make_original_examples(std::move(documents))
                                        : make_examples(std::move(documents), origin);
    check_examples(block.examples, whole_pass);
  }
  block.next = more ? StreamPosition{origin.pass, origin.block + 1, reader_.position(), 0}
                    : StreamPosition{origin.pass + 1, 0, {}, 0};
  return block;
}

std::vector<PretrainingExample> PretrainingStream::make_examples(
    std::vector<Document> documents, const StreamPosition& origin) const {
  PhiloxSource source(settings_.seed ^ kSeedOfData, stream_of(origin, settings_.corpus));
  const Draws draws{source, source};
  source.shuffle(documents);
  std::vector<PretrainingExample> examples;
  for (size_t i = 0; i < documents.size(); ++i) {
    maker_.append_examples(documents, i, draws, examples);
  }
  source.shuffle(examples);
  return examples;
}

std::vector<PretrainingExample> PretrainingStream::make_original_examples(
    std::vector<Document> documents) const {
  MersenneTwister choices = MersenneTwister::as_python(settings_.seed);
  MersenneTwister lengths = MersenneTwister::as_numpy(settings_.original_ngram_seed);
  const Draws draws{choices, lengths};
  choices.shuffle(documents);
  std::vector<PretrainingExample> examples;
  for (int32_t pass = 0; pass < settings_.dupe_factor; ++pass) {
    for (size_t i = 0; i < documents.size(); ++i) {
      maker_.append_examples(documents, i, draws, examples);
    }
  }
  choices.shuffle(examples);
  return examples;
}

void PretrainingStream::check_corpus(const std::vector<Document>& documents,
                                     int64_t all_documents) const {
  const CorpusSettings& corpus = settings_.corpus;
  if (documents.empty()) {
    const std::string where =
        files_.size() == 1 ? files_[0] : std::to_string(files_.size()) + " files";
    if (all_documents == 0) {
      throw Error(ErrorCode::kFormat, "pretraining data: expected text, " + where + " has none");
    }
    throw Error(ErrorCode::kRange,
                "pretraining data: rank " + std::to_string(corpus.rank) + " of " +
                    std::to_string(corpus.world_size) + " gets no document: " + where + " has " +
                    std::to_string(all_documents) + "; lower world_size or change hold_out_every");
  }
  const size_t wanted = size_t(settings_.pairs.max_seq_length) - 3;
  const size_t tokens = count_tokens(documents);
  if (tokens >= wanted) return;
  throw Error(ErrorCode::kRange, "pretraining data: expected at least " + std::to_string(wanted) +
                                     " tokens (one example of max_seq_length " +
                                     std::to_string(settings_.pairs.max_seq_length) +
                                     "), the corpus has " + std::to_string(tokens) +
                                     "; add text or lower max_seq_length");
}

void PretrainingStream::check_examples(const std::vector<PretrainingExample>& examples,
                                       bool whole_pass) const {
  if (examples.empty() && whole_pass) {
    throw Error(ErrorCode::kRange,
                "pretraining data: no document has two segments (lines or sentences) to order; "
                "set split_sentences, or leave skip_single_segments out");
  }
  const auto has_none = [](const PretrainingExample& one) { return one.positions.empty(); };
  // Independent draws may leave a few examples without a mask.
  const bool drawn = settings_.masking.independent_mask && examples.size() < 16;
  if (examples.empty() || drawn) return;
  if (!std::all_of(examples.begin(), examples.end(), has_none)) return;
  throw Error(ErrorCode::kRange,
              "pretraining data: max_predictions_per_seq " +
                  std::to_string(settings_.masking.max_predictions_per_seq) +
                  " and masked_lm_prob leave no room for one whole word in any example; raise "
                  "them, or set whole_word_mask to false");
}

std::vector<CorpusFile> PretrainingStream::fingerprint() const {
  std::vector<CorpusFile> files;
  for (const std::string& path : files_) files.push_back(fingerprint_of(path));
  return files;
}

}  // namespace albert::data
