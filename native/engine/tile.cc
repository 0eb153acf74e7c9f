// Running a tile: pack, encode, write out.
#include "engine/tile.h"

#include <algorithm>
#include <numeric>

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

}  // namespace

TileRunner::TileRunner(std::shared_ptr<const model::AlbertWeights> weights, int threads)
    : weights_(std::move(weights)),
      backend_(*weights_->backend),
      threads_(threads),
      arena_(*weights_->backend) {}

Ops& TileRunner::executor(int width) {
  std::unique_ptr<Ops>& slot = width > 1 ? wide_ : narrow_;
  if (!slot) slot = backend_.executor(width > 1 ? threads_ : 1);
  return *slot;
}

Tensor TileRunner::upload(const std::vector<int32_t>& values) {
  const Tensor device = arena_.allocate("indices", DType::kI32, {int64_t(values.size())});
  if (!values.empty()) backend_.upload(device, tensor_of(values.data(), {int64_t(values.size())}));
  return device;
}

void TileRunner::pack(const std::vector<TileItem>& tile) {
  packed_.clear();
  for (const TileItem& item : tile) packed_.append(item.job->request.batch, item.sequence);
  const std::vector<int32_t> first(packed_.cu_seqlens.begin(), packed_.cu_seqlens.end() - 1);
  batch_ = {.tokens = upload(packed_.tokens),
            .segments = upload(packed_.segments),
            .positions = upload(packed_.positions),
            .cu_seqlens = upload(packed_.cu_seqlens),
            .first_rows = upload(first)};
}

int64_t TileRunner::probability_count() const {
  const bool wanted = std::any_of(tile_->begin(), tile_->end(), [](const TileItem& item) {
    return item.job->request.attentions;
  });
  if (!wanted) return 0;
  int64_t count = 0;
  for (int64_t b = 0; b < packed_.sequences(); ++b) count += packed_.length(b) * packed_.length(b);
  return count * weights_->architecture.config.num_attention_heads;
}

void TileRunner::run(const std::vector<TileItem>& tile, int width) {
  tile_ = &tile;
  ops_ = &executor(width);
  arena_.reset();
  pack(tile);
  const model::ActivationAllocator allocate(arena_, backend_.activation_dtype(),
                                            weights_->architecture.config);
  activations_ = allocate.encoder(packed_.size(), probability_count());
  Observer observer(*this);
  if (model::encoder_forward(*ops_, *weights_, activations_, batch_, observer)) run_heads();
  keep_bill();
}

void TileRunner::keep_bill() {
  const std::vector<BillItem> bill = arena_.bill();
  const size_t bytes =
      std::accumulate(bill.begin(), bill.end(), size_t{0},
                      [](size_t total, const BillItem& item) { return total + item.bytes; });
  if (bytes <= largest_bytes_) return;
  largest_bytes_ = bytes;
  largest_bill_ = bill;
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
      backend_.download(target->view(offset, end - begin, C),
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
    backend_.download(target->view(sequence * C, 1, C), rows.slice_rows(int64_t(i), 1));
  }
}

void TileRunner::scatter_attention(const Tensor& probabilities, int64_t block) {
  const int64_t A = weights_->architecture.config.num_attention_heads;
  std::vector<double> host(size_t(probabilities.size()));
  backend_.download(tensor_of(host.data(), {probabilities.size()}), probabilities);
  const double* from = host.data();
  for (size_t i = 0; i < tile_->size(); ++i) {
    const auto& [job, sequence] = (*tile_)[i];
    const int64_t length = packed_.length(int64_t(i));
    const JobOutput* target = find_output(*job, "attentions");
    if (target != nullptr) {
      const JobRequest& request = job->request;
      const int64_t B = request.batch.sequences(), S = request.width;
      const int32_t* columns = &request.columns[size_t(request.batch.cu_seqlens[sequence])];
      for (int64_t row = 0; row < A * length; ++row) {
        const int64_t head = row / length, query = columns[row % length];
        const Tensor line =
            target->view((((block * B + sequence) * A + head) * S + query) * S, 1, S);
        for (int64_t j = 0; j < length; ++j) {
          const double value = from[row * length + j];
          if (line.dtype == DType::kF64) {
            line.as<double>()[columns[j]] = value;
          } else {
            line.as<float>()[columns[j]] = float(value);
          }
        }
      }
    }
    from += A * length * length;
  }
}

}  // namespace albert::engine
