// From preprocessed text to pieces: normalization, segmentation, and ALBERT's rule for commas
// after digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalizer.h"
#include "text/unigram.h"
#include "text/utf.h"

namespace albert::text {

/// Tokens in order, as parallel arrays.
struct TokenList {
  std::vector<int32_t> ids;
  std::vector<Span> offsets;
};

class PieceEncoder {
 public:
  /// `strip_split_prefix`: the pieces that replace a number and its comma lose the leading U+2581
  /// that the number did not have (Hugging Face does this, Google's code does not).
  PieceEncoder(const Normalizer& normalizer, const Unigram& unigram, bool strip_split_prefix)
      : normalizer_(normalizer), unigram_(unigram), strip_split_prefix_(strip_split_prefix) {}

  /// Appends the pieces of one stretch of text; their surfaces too where a list is given.
  void encode(const AlignedText& text, TokenList& tokens,
              std::vector<std::string>* surfaces = nullptr) const;

 private:
  struct Output {
    TokenList& tokens;
    std::vector<std::string>* surfaces;

    void append(int32_t id, std::string_view surface, Span range);
  };
  void split_digit_comma(const AlignedBytes& text, const Segment& segment, Output& output) const;
  int32_t id_of(std::string_view surface) const;

  const Normalizer& normalizer_;
  const Unigram& unigram_;
  bool strip_split_prefix_;
};

}  // namespace albert::text
