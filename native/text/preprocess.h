// What ALBERT does to a text before SentencePiece sees it.
#pragma once

#include "text/utf.h"

namespace albert::text {

/// The steps of `preprocess_text`, in the order in which they run.
struct PreprocessOptions {
  bool remove_space = true;    ///< strip, and collapse runs of whitespace to one space
  bool replace_quotes = true;  ///< two backticks or two apostrophes become one double quote
  bool strip_accents = true;   ///< compatibility decomposition without the combining marks
  bool lower_case = true;
};

AlignedText preprocess(AlignedText text, const PreprocessOptions& options);

}  // namespace albert::text
