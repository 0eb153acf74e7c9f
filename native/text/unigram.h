// The unigram language model: the best segmentation of a normalized text into pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/double_array.h"
#include "text/sentencepiece_model.h"

namespace albert::text {

/// One piece of a text: its id and its bytes [begin, end).
struct Segment {
  int32_t id;
  uint32_t begin, end;
};

/// SentencePiece's Viterbi search, to the bit: scores are stored in float32, the candidates of
/// vocabulary pieces are added in float64 and those of unknown characters in float32.
class Unigram {
 public:
  explicit Unigram(const SentencePieceModel& model);

  /// The pieces of `text` in order; neighbouring unknown characters are one segment.
  std::vector<Segment> segment(std::string_view text) const;

  /// The id of a piece of any type, or -1.
  int32_t find(std::string_view piece) const;

  int32_t unknown_id() const { return unknown_id_; }

 private:
  /// The best way to reach one byte of the text: its last piece is `id`, from byte `start`.
  struct Best {
    float score = 0;
    int32_t id = -1;  // -1: not reached yet
    uint32_t start = 0;
  };
  void extend(std::string_view text, uint32_t start, std::vector<Best>& best) const;
  std::vector<Segment> trace_back(const std::vector<Best>& best) const;

  DoubleArray matchable_;                             // normal and user-defined pieces
  std::unordered_map<std::string, int32_t> reserved_;  // all others, found by name only
  std::vector<double> scores_;                        // by id
  float unknown_score_ = 0;
  int32_t unknown_id_;
};

}  // namespace albert::text
