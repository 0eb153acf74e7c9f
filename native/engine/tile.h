// A tile: whole sequences, of one job or several, that run through all passes together.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "engine/job.h"
#include "model/encoder.h"
#include "ops/room.h"

namespace albert::engine {

struct TileItem {
  std::shared_ptr<Job> job;
  int64_t sequence;
};

struct Tile {
  std::vector<TileItem> items;
  std::shared_ptr<WeightVersion> version;
};

/// Computes tiles, one at a time: an arena and executors that are used again and again.
class TileRunner {
 public:
  /// `threads`: how many a tile may use when it is the only one.
  TileRunner(const model::Architecture& architecture, std::shared_ptr<Backend> backend,
             int threads);

  /// Runs the tile through the model and writes the outputs of its sequences. `width`: threads to
  /// use. Stops between passes when every job of the tile was aborted. Throws Error; {kMemory} with
  /// the bill, before anything is allocated, where the device has no room.
  void run(const Tile& tile, int width);

  /// Adds the losses to the outputs of a job whose sequences are all finished.
  void add_losses(Job& job);

  /// What activations took in the largest run so far.
  const std::vector<BillItem>& largest_bill() const { return largest_bill_; }

 private:
  class Observer;

  Ops& executor(int width);
  void make_room(const Tile& tile);
  void pack(const std::vector<TileItem>& tile);
  void pad();
  Tensor upload(const std::vector<int32_t>& values);
  int64_t probability_count() const;
  void select_rows();
  void run_heads();
  void run_pooled_heads();
  void run_masked_lm();
  void run_token_classifier();
  void run_span();
  void run_span_v2();
  void keep_bill();

  /// Rows of `rows` (T, C) to [.., B, S, C] of the named output, `plane` being the leading index.
  void scatter_tokens(const Tensor& rows, const char* output, int64_t plane = 0);
  /// Row b of `rows` (B, C) to row `sequence` of the named output.
  void scatter_sequences(const Tensor& rows, const char* output);
  void scatter_attention(const Tensor& probabilities, int64_t block);

  const model::Architecture architecture_;
  const std::shared_ptr<Backend> shared_backend_;
  Backend& backend_;
  const int threads_;
  std::unique_ptr<Ops> narrow_;  // one thread
  std::unique_ptr<Ops> wide_;    // all of them
  Arena arena_;
  RoomMemo room_;
  std::vector<BillItem> largest_bill_;
  size_t largest_bytes_ = 0;

  // The tile being run.
  const model::AlbertWeights* weights_ = nullptr;
  const std::vector<TileItem>* tile_ = nullptr;
  Ops* ops_ = nullptr;
  data::PackedBatch packed_;
  model::Batch batch_;
  /// (T): where the encoder's output holds each row of the tile; -1 = nowhere. Empty = as it is.
  std::vector<int32_t> output_rows_;
  model::EncoderActivations activations_;
};

}  // namespace albert::engine
