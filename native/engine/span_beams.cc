// Ranking on the host, everything else on the backend.
#include "engine/span_beams.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/outputs.h"

namespace albert::engine {

namespace {

/// What the original puts in front of a position that cannot be an answer.
constexpr double kImpossible = -1e30;

/// Positions of the `count` largest values, largest first, equal values by lower position.
std::vector<int32_t> largest(std::span<const double> values, int64_t count) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto middle = order.begin() + std::min(int64_t(values.size()), count);
  std::partial_sort(order.begin(), middle, order.end(), [&](int32_t a, int32_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  order.erase(middle, order.end());
  return order;
}

void store(const JobOutput& output, int64_t index, double value) {
  if (output.dtype == DType::kF64) {
    static_cast<double*>(output.data.get())[index] = value;
  } else {
    static_cast<float*>(output.data.get())[index] = float(value);
  }
}

/// A pair of outputs that hold ranks: log-probabilities and columns.
struct RankedOutput {
  const JobOutput& scores;
  const JobOutput& indices;
  int64_t offset;
  int64_t count;
};

/// Ranks beyond the candidates get the log-probability of an impossible position, and column 0.
void store_ranked(const TileItem& item, const RankedOutput& output, std::span<const double> values,
                  std::span<const int32_t> best) {
  const JobRequest& request = item.job->request;
  auto* columns = static_cast<int32_t*>(output.indices.data.get()) + output.offset;
  for (int64_t k = 0; k < output.count; ++k) {
    const bool possible = k < int64_t(best.size());
    store(output.scores, output.offset + k, possible ? values[best[k]] : kImpossible);
    columns[k] = possible ? request.columns[size_t(head_row(request, item.sequence, best[k]))] : 0;
  }
}

bool has_labels(const TileItem& item) {
  return item.job->request.labels && item.job->request.labels->start_positions;
}

}  // namespace

SpanBeams::SpanBeams(const HeadScope& scope, const std::vector<TileItem>& tile,
                     const data::PackedBatch& packed)
    : scope_(scope), tile_(tile), cu_seqlens_{0}, best_(tile.size()) {
  for (size_t i = 0; i < tile.size(); ++i) {
    const JobRequest& request = tile[i].job->request;
    const int64_t sequence = tile[i].sequence;
    const int32_t shift = packed.cu_seqlens[i] - request.batch.cu_seqlens[sequence];
    for (int64_t index = 0; index < head_row_count(request, sequence); ++index) {
      rows_.push_back(head_row(request, sequence, index) + shift);
    }
    cu_seqlens_.push_back(int32_t(rows_.size()));
  }
}

std::span<const double> SpanBeams::of_sequence(const std::vector<double>& values, size_t i) const {
  return std::span(values).subspan(size_t(cu_seqlens_[i]), size_t(count(i)));
}

Tensor SpanBeams::upload(const std::vector<int32_t>& values) const {
  const Tensor device = scope_.arena.allocate("indices", DType::kI32, {int64_t(values.size())});
  scope_.backend.upload(device, tensor_of(values.data(), {int64_t(values.size())}));
  return device;
}

std::vector<double> SpanBeams::download(const Tensor& device) const {
  std::vector<double> host(size_t(device.size()));
  scope_.backend.download(tensor_of(host.data(), {device.size()}),
                          device.reshaped({device.size()}));
  return host;
}

void SpanBeams::run(const Tensor& hidden, const model::Batch& batch) {
  const model::ActivationAllocator allocate(scope_.arena, scope_.backend,
                                            scope_.weights.architecture.config);
  activations_ = allocate.span_v2(int64_t(rows_.size()), batch.sequences());
  device_cu_seqlens_ = upload(cu_seqlens_);
  model::span_v2_start_forward(
      scope_.ops, scope_.weights, activations_, hidden,
      {.rows = upload(rows_), .cu_seqlens = device_cu_seqlens_, .first_rows = batch.first_rows});
  start_log_probs_ = download(activations_.start_log_probs);
  answer_logits_ = download(activations_.answer_logits);
  rank_starts();
  if (std::any_of(tile_.begin(), tile_.end(), has_labels)) compute_losses();
  int64_t beams = 0;
  for (const TileItem& item : tile_) beams = std::max(beams, item.job->request.start_top);
  for (int64_t beam = 0; beam < beams; ++beam) rank_ends(beam);
}

void SpanBeams::rank_starts() {
  for (size_t i = 0; i < tile_.size(); ++i) {
    const auto& [job, sequence] = tile_[i];
    const int64_t count = job->request.start_top;
    const auto values = of_sequence(start_log_probs_, i);
    best_[i] = largest(values, count);
    store_ranked(tile_[i],
                 {job->output("start_top_log_probs"), job->output("start_top_index"),
                  sequence * count, count},
                 values, best_[i]);
    store(job->output("cls_logits"), sequence, answer_logits_[i]);
  }
}

void SpanBeams::compute_ends(const std::vector<int32_t>& starts) {
  std::vector<int32_t> start_of_row;
  for (size_t i = 0; i < starts.size(); ++i) {
    start_of_row.insert(start_of_row.end(), size_t(count(i)), cu_seqlens_[i] + starts[i]);
  }
  model::span_v2_end_forward(scope_.ops, scope_.weights, activations_, device_cu_seqlens_,
                             upload(start_of_row));
  end_log_probs_ = download(activations_.end_log_probs);
}

void SpanBeams::rank_ends(int64_t beam) {
  std::vector<int32_t> starts;
  for (const auto& best : best_) starts.push_back(best[std::min(size_t(beam), best.size() - 1)]);
  compute_ends(starts);
  for (size_t i = 0; i < tile_.size(); ++i) {
    const auto& [job, sequence] = tile_[i];
    const JobRequest& request = job->request;
    if (beam >= request.start_top) continue;
    const auto values = of_sequence(end_log_probs_, i);
    // A beam beyond the candidates starts nowhere, so it ends nowhere.
    const bool possible = beam < int64_t(best_[i].size());
    const auto best = possible ? largest(values, request.end_top) : std::vector<int32_t>();
    store_ranked(tile_[i],
                 {job->output("end_top_log_probs"), job->output("end_top_index"),
                  (sequence * request.start_top + beam) * request.end_top, request.end_top},
                 values, best);
  }
}

void SpanBeams::compute_losses() {
  std::vector<int32_t> starts;
  for (const TileItem& item : tile_) {
    const int32_t gold =
        has_labels(item) ? (*item.job->request.labels->start_positions)[size_t(item.sequence)] : 0;
    starts.push_back(std::max(gold, 0));
  }
  compute_ends(starts);
  for (size_t i = 0; i < tile_.size(); ++i) {
    if (has_labels(tile_[i])) store_loss(i);
  }
}

void SpanBeams::store_loss(size_t i) const {
  const auto& [job, sequence] = tile_[i];
  const Labels& labels = *job->request.labels;
  const auto b = size_t(sequence);
  const double x = answer_logits_[i], z = (*labels.is_impossible)[b];
  const auto loss_at = [&](const std::vector<double>& log_probs, int32_t position) {
    return position == kIgnored ? 0.0 : -log_probs[size_t(cu_seqlens_[i] + position)];
  };
  job->span_losses[b] = {loss_at(start_log_probs_, (*labels.start_positions)[b]),
                         loss_at(end_log_probs_, (*labels.end_positions)[b]),
                         std::max(x, 0.0) - x * z + std::log1p(std::exp(-std::fabs(x)))};
}

}  // namespace albert::engine
