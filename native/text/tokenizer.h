// The ALBERT tokenizer: text to token ids with source offsets, and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalizer.h"
#include "text/piece_encoder.h"
#include "text/preprocess.h"
#include "text/sentencepiece_model.h"
#include "text/special_tokens.h"
#include "text/truncation.h"
#include "text/unigram.h"
#include "text/utf.h"

namespace albert::text {

struct TokenizerOptions {
  bool do_lower_case = true;
  bool remove_space = true;   ///< strip, and collapse runs of whitespace
  bool keep_accents = false;  ///< neither decompose nor drop combining marks
  /// Google's original code instead of Hugging Face's: special tokens are plain text, doubled
  /// quotes stay, and unknown ids decode to the model's unknown surface.
  bool google_rules = false;
};

/// One model input, as parallel arrays.
struct Encoding {
  std::vector<int32_t> input_ids, token_type_ids;
  std::vector<Span> offsets;         // UTF-16 units of the text; {0, 0} for added tokens
  std::vector<int8_t> sequence_ids;  // 0: text, 1: pair, -1: added by the template
};

/// Immutable after construction: any number of threads may call it at once.
class Tokenizer {
 public:
  /// Reads a SentencePiece model. Throws Error{kFormat} (see parse_sentencepiece_model).
  static std::shared_ptr<const Tokenizer> from_bytes(std::string_view model_proto,
                                                     const TokenizerOptions& options);

  Tokenizer(SentencePieceModel model, const TokenizerOptions& options);
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// [CLS] text [SEP], or [CLS] text [SEP] pair [SEP]: one encoding, or one for each window where
  /// overflowing tokens are wanted. Throws Error{kRange} where the truncation options cannot be
  /// met, and Error{kConfig} where the vocabulary lacks [CLS] or [SEP] and they are wanted.
  std::vector<Encoding> encode(std::u16string_view text, std::optional<std::u16string_view> pair,
                               const EncodeOptions& options) const;

  /// The pieces of a text, UTF-8; an unknown piece reads as in the text.
  std::vector<std::string> tokenize(std::u16string_view text) const;

  /// What the preprocessing makes of each code point by itself (spaces stay), UTF-8.
  std::vector<std::string> preprocess_characters(std::u16string_view text) const;

  std::u16string decode(std::span<const int32_t> ids, bool skip_special_tokens,
                        bool clean_up_spaces) const;

  int32_t vocab_size() const { return int32_t(model_.pieces.size()); }

  /// Throws Error{kRange} for an id outside of the vocabulary.
  const std::string& piece(int32_t id) const;

  std::optional<int32_t> find(std::string_view piece) const;

  /// The ids of the special tokens, -1 where the vocabulary has none.
  const SpecialTokens& special_tokens() const { return special_; }

  /// SentencePiece alone, without preprocessing or ALBERT's rules. For tests and research.
  std::vector<int32_t> sentencepiece_ids(std::u16string_view text) const;

  /// SentencePiece's normalizer alone. For tests and research.
  std::string normalize(std::string_view utf8) const;

 private:
  TokenList tokens_of(std::u16string_view text, std::vector<std::string>* surfaces) const;
  TokenCounts count(const TokenList& first, const TokenList* second, bool with_special) const;

  SentencePieceModel model_;
  Normalizer normalizer_;
  Unigram unigram_;
  SpecialTokens special_;
  PreprocessOptions preprocessing_;
  bool google_rules_;
};

}  // namespace albert::text
