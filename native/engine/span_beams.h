// Beam search of the span-v2 head over one tile: the best starts, the best ends for each of them.
#pragma once

#include <span>
#include <vector>

#include "engine/tile.h"
#include "model/heads/span_v2.h"

namespace albert::engine {

/// What a head of a tile computes with.
struct HeadScope {
  Ops& ops;
  Backend& backend;
  Arena& arena;
  const model::AlbertWeights& weights;
};

/// Candidates are the head rows of a request; counted over the tile they are C.
class SpanBeams {
 public:
  SpanBeams(const HeadScope& scope, const std::vector<TileItem>& tile,
            const data::PackedBatch& packed);

  /// Writes start_top_*, end_top_*, cls_logits and, where there are labels, span_losses.
  void run(const Tensor& hidden, const model::Batch& batch);

 private:
  int64_t count(size_t i) const { return cu_seqlens_[i + 1] - cu_seqlens_[i]; }
  /// The values of sequence i out of (C).
  std::span<const double> of_sequence(const std::vector<double>& values, size_t i) const;
  Tensor upload(const std::vector<int32_t>& values) const;
  std::vector<double> download(const Tensor& device) const;
  /// Fills end_log_probs_ for one start in each sequence, counted among its candidates.
  void compute_ends(const std::vector<int32_t>& starts);
  void rank_starts();
  void rank_ends(int64_t beam);
  void compute_losses();
  void store_loss(size_t i) const;

  const HeadScope scope_;
  const std::vector<TileItem>& tile_;
  std::vector<int32_t> rows_;        // (C): rows of the tile
  std::vector<int32_t> cu_seqlens_;  // (B + 1)
  Tensor device_cu_seqlens_;
  model::SpanV2Activations activations_;
  std::vector<double> start_log_probs_;     // (C)
  std::vector<double> end_log_probs_;       // (C)
  std::vector<double> answer_logits_;       // (B)
  std::vector<std::vector<int32_t>> best_;  // by sequence: candidates, best start first
};

}  // namespace albert::engine
