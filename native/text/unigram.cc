// Viterbi search over byte positions. The float and double types below are part of the result:
// ties between segmentations are decided by rounding.
#include "text/unigram.h"

#include <algorithm>
#include <cfloat>
#include <limits>

#include "core/error.h"
#include "text/utf.h"

namespace albert::text {
namespace {

bool is_matchable(const Piece& piece) {
  return piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined;
}

std::vector<DoubleArray::Entry> matchable_pieces(const SentencePieceModel& model) {
  std::vector<DoubleArray::Entry> entries;
  entries.reserve(model.pieces.size());
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (is_matchable(model.pieces[id])) entries.push_back({model.pieces[id].text, int32_t(id)});
  }
  return entries;
}

struct ScoreRange {
  float least = std::numeric_limits<float>::max();
  float most = FLT_MIN;  // SentencePiece's starting value, which negative scores never exceed
};

ScoreRange normal_scores(const SentencePieceModel& model) {
  ScoreRange range;
  for (const Piece& piece : model.pieces) {
    if (piece.type != PieceType::kNormal) continue;
    range.least = std::min(range.least, piece.score);
    range.most = std::max(range.most, piece.score);
  }
  return range;
}

}  // namespace

Unigram::Unigram(const SentencePieceModel& model)
    : matchable_(matchable_pieces(model)), unknown_id_(model.unknown_id) {
  constexpr double kUnknownPenalty = 10.0, kUserDefinedPenalty = 0.1;
  const ScoreRange range = normal_scores(model);
  unknown_score_ = float(range.least - kUnknownPenalty);
  scores_.reserve(model.pieces.size());
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    const bool user_defined = piece.type == PieceType::kUserDefined;
    scores_.push_back(user_defined ? float(piece.text.size()) * range.most - kUserDefinedPenalty
                                   : double(piece.score));
    if (is_matchable(piece)) continue;
    if (matchable_.find(piece.text) >= 0 || !reserved_.emplace(piece.text, int32_t(id)).second) {
      throw Error(ErrorCode::kFormat,
                  "SentencePiece model: the piece \"" + piece.text + "\" appears twice");
    }
  }
}

std::vector<Segment> Unigram::segment(std::string_view text) const {
  if (text.size() > size_t(std::numeric_limits<int32_t>::max())) {
    throw Error(ErrorCode::kRange, "tokenizer: the text is longer than 2 GiB; split it");
  }
  std::vector<Best> best(text.size() + 1);
  for (uint32_t start = 0; start < text.size();) {
    extend(text, start, best);
    start += uint32_t(std::min(utf8_length(text[start]), text.size() - start));
  }
  return trace_back(best);
}

void Unigram::extend(std::string_view text, uint32_t start, std::vector<Best>& best) const {
  const auto size = uint32_t(text.size());
  const auto next = uint32_t(start + std::min<size_t>(utf8_length(text[start]), size - start));
  const float score_here = best[start].score;
  bool next_covered = false;
  int32_t node = DoubleArray::kRoot;
  for (uint32_t end = start; end < size;) {
    node = matchable_.step(node, text[end++]);
    if (node == DoubleArray::kNone) break;
    const int32_t id = matchable_.value(node);
    if (id == DoubleArray::kNone) continue;
    const double score = scores_[size_t(id)] + double(score_here);
    Best& target = best[end];
    if (target.id < 0 || score > double(target.score)) target = {float(score), id, start};
    next_covered = next_covered || end == next;
  }
  if (next_covered) return;
  const float score = unknown_score_ + score_here;
  Best& target = best[next];
  if (target.id < 0 || score > target.score) target = {score, unknown_id_, start};
}

std::vector<Segment> Unigram::trace_back(const std::vector<Best>& best) const {
  std::vector<Segment> segments;
  for (auto end = uint32_t(best.size() - 1); end > 0; end = best[end].start) {
    const Best& last = best[end];
    const bool merges =
        last.id == unknown_id_ && !segments.empty() && segments.back().id == unknown_id_;
    if (merges) {
      segments.back().begin = last.start;
    } else {
      segments.push_back({last.id, last.start, end});
    }
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}

int32_t Unigram::find(std::string_view piece) const {
  if (const int32_t id = matchable_.find(piece); id >= 0) return id;
  const auto found = reserved_.find(std::string(piece));
  return found == reserved_.end() ? -1 : found->second;
}

}  // namespace albert::text
