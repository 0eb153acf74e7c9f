// Running a tile: pack, encode, write out.
#include "engine/tile.h"

#include <algorithm>
#include <numeric>

#include "engine/outputs.h"

namespace albert::engine {

/// Hands out hidden states and attentions to the jobs that asked, and stops for aborted ones.
class TileRunner::Observer : public model::PassObserver {
 public:
  explicit Observer(TileRunner& runner) : runner_(runner) {}

  bool on_hidden(int64_t pass, const Tensor& hidden) override {
    runner_.scatter_tokens(hidden, "hidden_states", pass);
    const auto& tile = *runner_.tile_;
    return std::any_of(tile.begin(), tile.end(),
                       [](const TileItem& item) { return !item.job->aborted(); });
  }

  void on_attention(int64_t block, const Tensor& probabilities) override {
    runner_.scatter_attention(probabilities, block);
  }

 private:
  TileRunner& runner_;
};

namespace {

/// The output of that name if the job has it: jobs of one tile may ask for different things.
const JobOutput* find_output(const Job& job, std::string_view name) {
  for (const JobOutput& output : job.outputs) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

/// Spreads the probabilities (A, L, L) of one sequence over its columns: target (A · S, S).
void write_attention(const JobRequest& request, int64_t sequence, const Tensor& target,
                     const double* probabilities) {
  const int64_t length = request.batch.length(sequence), S = request.width;
  const int32_t* columns = &request.columns[size_t(request.batch.cu_seqlens[size_t(sequence)])];
  const auto write_row = [&](auto* to, const double* from) {
    for (int64_t j = 0; j < length; ++j) {
      to[columns[j]] = static_cast<std::remove_pointer_t<decltype(to)>>(from[j]);
    }
  };
  for (int64_t row = 0; row < target.rows() / S * length; ++row) {
    const int64_t to = row / length * S + columns[row % length];
    const double* from = probabilities + row * length;
    if (target.dtype == DType::kF64) {
      write_row(target.row<double>(to), from);
    } else {
      write_row(target.row<float>(to), from);
    }
  }
}

}  // namespace

TileRunner::TileRunner(const model::Architecture& architecture, std::shared_ptr<Backend> backend,
                       int threads)
    : architecture_(architecture),
      shared_backend_(std::move(backend)),
      backend_(*shared_backend_),
      threads_(threads),
      arena_(backend_, Arena::kGrowthOfRuns) {}

Ops& TileRunner::executor(int width) {
  std::unique_ptr<Ops>& slot = width > 1 ? wide_ : narrow_;
  if (!slot) slot = backend_.executor(width > 1 ? threads_ : 1);
  return *slot;
}

Tensor TileRunner::upload(const std::vector<int32_t>& values) {
  const Tensor device = arena_.allocate("indices", DType::kI32, {int64_t(values.size())});
  if (values.empty()) return device;
  backend_.enqueue_upload(*ops_, device, tensor_of(values.data(), {int64_t(values.size())}));
  return device;
}

/// Rows of no sequence, and sequences of no rows, up to what the backend computes the batch as.
void TileRunner::pad() {
  const int64_t sequences = packed_.sequences(), rows = backend_.padded_rows(packed_.size());
  // Span beams count their candidates by sequence: those are the tile's.
  const bool is_span = architecture_.kind == model::ModelKind::kQuestionAnsweringV2;
  if (is_span || rows == packed_.size()) return;
  packed_.pad(rows, backend_.padded_rows(sequences));
}

void TileRunner::pack(const std::vector<TileItem>& tile) {
  packed_.clear();
  for (const TileItem& item : tile) packed_.append(item.job->request.batch, item.sequence);
  pad();
  batch_ = {.tokens = upload(packed_.tokens),
            .segments = upload(packed_.segments),
            .positions = upload(packed_.positions),
            .cu_seqlens = upload(packed_.cu_seqlens),
            .selection = {},
            .first_rows = {},
            .origins = {},
            .first_origins = {}};
  select_rows();
  std::vector<int32_t> first(packed_.cu_seqlens.begin(), packed_.cu_seqlens.end() - 1);
  for (size_t i = 0; i < first.size(); ++i) {
    if (i >= tile.size()) {
      first[i] = 0;
    } else if (!output_rows_.empty()) {
      first[i] = output_rows_[size_t(first[i])];
    }
  }
  batch_.first_rows = upload(first);
}

/// The last pass computes only what the heads of this kind of model read: [CLS] for the pooler, the
/// head rows for the masked LM. Nothing is left out where somebody wants to see all rows.
void TileRunner::select_rows() {
  output_rows_.clear();
  if (!architecture_.selects_rows()) return;
  std::vector<int32_t> kept, cu_seqlens = {0};
  std::vector<int32_t> output_rows(packed_.tokens.size(), -1);
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const JobRequest& request = job->request;
    if (request.hidden_states || request.attentions) return;
    const int32_t first = packed_.cu_seqlens[i];
    if (architecture_.has_pooler()) output_rows[size_t(first)] = 0;
    const int64_t heads = architecture_.has_masked_lm() ? head_row_count(request, sequence) : 0;
    for (int64_t index = 0; index < heads; ++index) {
      const int32_t token = head_row(request, sequence, index);
      output_rows[size_t(first + token - request.batch.cu_seqlens[size_t(sequence)])] = 0;
    }
    for (int32_t row = first; row < packed_.cu_seqlens[i + 1]; ++row) {
      if (output_rows[size_t(row)] < 0) continue;
      output_rows[size_t(row)] = int32_t(kept.size());
      kept.push_back(row);
    }
    cu_seqlens.push_back(int32_t(kept.size()));
  }
  if (kept.empty() || kept.size() == packed_.tokens.size()) return;
  kept.resize(size_t(backend_.padded_rows(int64_t(kept.size()))), 0);
  cu_seqlens.resize(packed_.cu_seqlens.size(), cu_seqlens.back());
  output_rows_ = std::move(output_rows);
  batch_.selection = {.rows = upload(kept), .cu_seqlens = upload(cu_seqlens), .origins = {}};
}

int64_t TileRunner::probability_count() const {
  const bool wanted = std::any_of(tile_->begin(), tile_->end(), [](const TileItem& item) {
    return item.job->request.attentions;
  });
  if (!wanted) return 0;
  int64_t count = 0;
  for (int64_t b = 0; b < packed_.sequences(); ++b) count += packed_.length(b) * packed_.length(b);
  return count * architecture_.config.num_attention_heads;
}

namespace {

/// What decides on the memory of a tile, apart from the model.
RoomMemo::Sizes sizes_of(const std::vector<TileItem>& tile) {
  int64_t tokens = 0, heads = 0, squares = 0, beams = 0, shown = 0;
  for (const auto& [job, sequence] : tile) {
    const JobRequest& request = job->request;
    const int64_t length = request.batch.length(sequence);
    tokens += length;
    heads += head_row_count(request, sequence);
    squares += length * length;
    beams = std::max(beams, request.start_top);
    shown |= int64_t(request.hidden_states) | int64_t(request.attentions) << 1;
  }
  return {tokens, int64_t(tile.size()), heads, shown > 1 ? squares : 0, beams, shown};
}

}  // namespace

/// Where the device's memory has a bound: takes what the tile needs in one piece, or refuses it.
void TileRunner::make_room(const Tile& tile) {
  if (backend_.in_host_memory()) return;
  const RoomMemo::Sizes sizes = sizes_of(tile.items);
  if (room_.has(sizes)) return;
  const std::shared_ptr<Backend> planner = backend_.planner();
  if (!planner) return;
  TileRunner planned(architecture_, planner, 1);
  planned.run(tile, 1);
  reserve_room("a forward pass over " + std::to_string(sizes[0]) + " tokens", backend_,
               {.arena = arena_, .ops = *ops_}, {.arena = planned.arena_, .ops = *planned.ops_});
  room_.add(sizes);
}

void TileRunner::run(const Tile& tile, int width) {
  const WeightVersion::Weights weights = tile.version->get();
  weights_ = weights.get();
  tile_ = &tile.items;
  ops_ = &executor(width);
  make_room(tile);
  arena_.reset();
  Transfers transfers(backend_, *ops_);
  pack(tile.items);
  const model::ActivationAllocator allocate(arena_, backend_, architecture_.config);
  const Tensor& kept = batch_.selection.rows;
  activations_ = allocate.encoder(packed_.size(), probability_count(), kept.size());
  Observer observer(*this);
  if (model::encoder_forward(*ops_, *weights_, activations_, batch_, observer)) run_heads();
  transfers.finish();
  keep_bill();
}

void TileRunner::keep_bill() {
  if (arena_.used() <= largest_bytes_) return;
  largest_bytes_ = arena_.used();
  largest_bill_ = arena_.bill();
}

void TileRunner::scatter_tokens(const Tensor& rows, const char* output, int64_t plane) {
  const int64_t C = rows.columns();
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const JobOutput* target = find_output(*job, output);
    if (target == nullptr) continue;
    const JobRequest& request = job->request;
    const int64_t B = request.batch.sequences(), S = request.width;
    const int32_t* columns = &request.columns[size_t(request.batch.cu_seqlens[sequence])];
    const int64_t first = packed_.cu_seqlens[i], length = packed_.length(int64_t(i));
    // Runs of neighbouring columns are copied as one block: without masked positions, one run.
    for (int64_t begin = 0, end; begin < length; begin = end) {
      for (end = begin + 1; end < length && columns[end] == columns[end - 1] + 1; ++end) {
      }
      const int64_t offset = ((plane * B + sequence) * S + columns[begin]) * C;
      backend_.enqueue_download(*ops_, target->view(offset, end - begin, C),
                                rows.slice_rows(first + begin, end - begin));
    }
  }
}

void TileRunner::scatter_sequences(const Tensor& rows, const char* output) {
  const int64_t C = rows.columns();
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const JobOutput* target = find_output(*job, output);
    if (target == nullptr) continue;
    backend_.enqueue_download(*ops_, target->view(sequence * C, 1, C),
                              rows.slice_rows(int64_t(i), 1));
  }
}

void TileRunner::scatter_attention(const Tensor& probabilities, int64_t block) {
  const int64_t A = architecture_.config.num_attention_heads;
  std::vector<double> host(size_t(probabilities.size()));
  backend_.download(tensor_of(host.data(), {probabilities.size()}), probabilities);
  const double* from = host.data();
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const int64_t length = packed_.length(int64_t(i));
    if (const JobOutput* target = find_output(*job, "attentions")) {
      const int64_t B = job->request.batch.sequences(), S = job->request.width;
      const int64_t first = (block * B + sequence) * A * S * S;
      write_attention(job->request, sequence, target->view(first, A * S, S), from);
    }
    from += A * length * length;
  }
}

}  // namespace albert::engine
