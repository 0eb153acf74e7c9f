// From token ids back to text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/sentencepiece_model.h"

namespace albert::text {

struct DecodeOptions {
  bool skip_special_tokens = false;
  bool clean_up_spaces = false;    ///< no space before punctuation and English contractions
  bool unknown_is_special = true;  ///< else it reads as the model's unknown surface
};

/// Ordinary pieces between two special tokens are joined as SentencePiece does, special tokens
/// keep their spelling. Throws Error{kRange} for an id outside of the vocabulary.
std::u16string decode(const SentencePieceModel& model, std::span<const int32_t> ids,
                      const DecodeOptions& options);

}  // namespace albert::text
