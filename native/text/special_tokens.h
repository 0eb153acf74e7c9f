// The special tokens of ALBERT: their ids in a vocabulary, and where a text spells them out.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/unigram.h"
#include "text/utf.h"

namespace albert::text {

/// Ids, -1 where the vocabulary has no such piece.
struct SpecialTokens {
  int32_t pad = -1, unknown = -1, cls = -1, sep = -1, mask = -1;

  explicit SpecialTokens(const Unigram& vocabulary);
};

/// A stretch of text, or one special token.
struct TextPart {
  Span range;
  int32_t special_id = -1;  // -1: ordinary text
};

/// Cuts a text where it spells a special token of the vocabulary. The mask token swallows the
/// whitespace before it; empty stretches are left out.
std::vector<TextPart> split_special_tokens(std::u16string_view text, const SpecialTokens& special);

}  // namespace albert::text
