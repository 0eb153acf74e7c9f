// SentencePiece's normalizer: rewriting rules, spaces as U+2581, and a leading one.
#pragma once

#include <string_view>

#include "text/charsmap.h"
#include "text/double_array.h"
#include "text/sentencepiece_model.h"
#include "text/utf.h"

namespace albert::text {

class Normalizer {
 public:
  explicit Normalizer(const SentencePieceModel& model);

  /// Valid UTF-8 in and out (where the model's rules are); bytes that are not become U+FFFD. Each
  /// byte of the result spans everything that its rule replaced; the dummy prefix spans nothing.
  AlignedBytes normalize(const AlignedBytes& text) const;

 private:
  /// One step of the rewriting: `size` bytes of the text become `replacement`.
  struct Rewrite {
    std::string_view replacement;
    size_t size;
  };
  Rewrite next(std::string_view text) const;
  size_t skip_leading_spaces(std::string_view text) const;

  Charsmap charsmap_;
  DoubleArray user_defined_;  // pieces that no rule may touch
  bool add_dummy_prefix_;
  bool remove_extra_whitespaces_;
};

}  // namespace albert::text
