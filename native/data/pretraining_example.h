// Tokens on their way from a corpus to an example of masked-LM and sentence-order pretraining.
#pragma once

#include <cstdint>
#include <vector>

namespace albert::data {

struct Token {
  int32_t id;
  bool starts_word;
};

using Segment = std::vector<Token>;  // what a line of text became; never empty
using Document = std::vector<Segment>;

/// What an example says about the order of its two segments.
enum class OrderLabel : int8_t { kNone = -1, kInOrder = 0, kSwappedOrRandom = 1 };

/// [CLS] first [SEP] second [SEP], nothing padded.
struct PretrainingExample {
  std::vector<int32_t> tokens;      // (S): as the model sees them
  std::vector<uint8_t> boundaries;  // (S): 1 where a word starts, and for [CLS] and [SEP]
  std::vector<int32_t> positions;   // (M): what was masked, ascending
  std::vector<int32_t> labels;      // (M): what stood there
  int32_t first_length = 0;         // tokens of type 0: through the first [SEP]
  OrderLabel order = OrderLabel::kNone;
};

/// The ids that examples are built with, all of them known.
struct ExampleVocabulary {
  int32_t cls, sep, mask;
  int32_t size;
};

}  // namespace albert::data
