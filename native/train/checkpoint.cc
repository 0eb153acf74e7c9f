// Weights and moments by name, in two files.
#include "train/checkpoint.h"

#include <array>
#include <cmath>

#include "core/error.h"
#include "core/host_memory.h"
#include "formats/atomic_folder.h"
#include "formats/file.h"
#include "formats/safetensors_writer.h"
#include "formats/tensor_source.h"

namespace albert::train {

namespace {

constexpr const char* kModelFile = "/model.safetensors";
constexpr const char* kOptimizerFile = "/optimizer.safetensors";
/// Updates in all, and those that were not skipped.
constexpr const char* kCounts = "counts";

using Visit = std::function<void(const std::string& name, Tensor& tensor)>;

bool weights_are_rounded(Trainer& trainer) {
  return trainer.weights()->backend().master_dtype() != DType::kF32;
}

void for_each_weight(Trainer& trainer, const Visit& visit) {
  MasterWeights& weights = *trainer.weights();
  model::for_each(
      weights.params(), weights.architecture(),
      [&](const model::ParameterSpec& spec, Tensor& tensor) { visit(spec.name, tensor); });
}

/// What optimizer.safetensors holds, but for the counts.
void for_each_state(Trainer& trainer, const Visit& visit) {
  trainer.optimizer().for_each_moment(
      [&](const std::string& name, Tensor& moment, Tensor& variance) {
        visit("moment." + name, moment);
        visit("variance." + name, variance);
      });
  if (!weights_are_rounded(trainer)) return;
  for_each_weight(trainer, [&](const std::string& name, Tensor& tensor) {
    visit("weight." + name, tensor);
  });
}

/// Tensors of a backend for the writer, which reads host memory.
class Collection {
 public:
  explicit Collection(Backend& backend) : backend_(backend), arena_(memory_) {}

  void add(const std::string& name, const Tensor& tensor, DType stored) {
    add_host(name, on_host(tensor), stored);
  }
  void add_host(const std::string& name, const Tensor& tensor, DType stored) {
    tensors_.push_back({.name = name, .tensor = tensor, .stored = stored});
  }
  void write(const std::string& file) { formats::write_safetensors(file, tensors_); }

 private:
  Tensor on_host(const Tensor& tensor) {
    if (backend_.in_host_memory()) return tensor;
    Tensor copy = tensor;
    copy.data = arena_.allocate("copies", tensor.dtype, {tensor.size()}).data;
    backend_.download(copy.reshaped({copy.size()}), tensor.reshaped({tensor.size()}));
    return copy;
  }

  Backend& backend_;
  HostMemory memory_;
  Arena arena_;
  std::vector<formats::TensorToWrite> tensors_;
};

void write_model(Trainer& trainer, const std::string& file) {
  Collection collection(trainer.weights()->backend());
  for_each_weight(trainer, [&](const std::string& name, Tensor& tensor) {
    collection.add(name, tensor, DType::kF32);
  });
  collection.write(file);
}

void write_optimizer(Trainer& trainer, const std::string& file) {
  std::array<double, 2> counts = {double(trainer.steps()), double(trainer.optimizer().updates())};
  Collection collection(trainer.weights()->backend());
  for_each_state(trainer, [&](const std::string& name, Tensor& tensor) {
    collection.add(name, tensor, tensor.dtype);
  });
  collection.add_host(kCounts, tensor_of(counts.data(), {int64_t(counts.size())}), DType::kF64);
  collection.write(file);
}

void read_into(const formats::TensorSource& source, const std::string& name, Backend& backend,
               const Tensor& tensor) {
  const auto read = [&]<class Number>(void (formats::TensorSource::*read_as)(
                        std::string_view, std::span<Number>) const) {
    std::vector<Number> values(size_t(tensor.size()));
    (source.*read_as)(name, values);
    backend.upload(tensor.reshaped({tensor.size()}), tensor_of(values.data(), {tensor.size()}));
  };
  if (tensor.dtype == DType::kF64) {
    read(&formats::TensorSource::read_f64);
  } else {
    read(&formats::TensorSource::read_f32);
  }
}

int64_t read_count(double value) {
  if (value >= 0 && value < 9e15 && std::trunc(value) == value) return int64_t(value);
  throw Error(ErrorCode::kFormat, "optimizer.safetensors: the counts of updates are damaged");
}

}  // namespace

void save_checkpoint(Trainer& trainer, const std::string& folder,
                     const std::vector<CheckpointText>& texts) {
  formats::AtomicFolder whole(folder);
  trainer.weights()->read([&] {
    write_model(trainer, whole.temporary() + kModelFile);
    write_optimizer(trainer, whole.temporary() + kOptimizerFile);
  });
  for (const CheckpointText& text : texts) {
    formats::write_file_atomically(whole.temporary() + "/" + text.name, text.content);
  }
  whole.commit(kCheckpointMark);
}

void restore_checkpoint(Trainer& trainer, const std::string& folder) {
  const formats::TensorSource source = formats::TensorSource::open(folder + kOptimizerFile);
  std::array<double, 2> counts = {};
  source.read_f64(kCounts, counts);
  const int64_t steps = read_count(counts[0]), updates = read_count(counts[1]);
  Backend& backend = trainer.weights()->backend();
  trainer.weights()->update([&] {
    for_each_state(trainer, [&](const std::string& name, Tensor& tensor) {
      read_into(source, name, backend, tensor);
    });
    return true;
  });
  trainer.optimizer().set_updates(updates);
  trainer.set_steps(steps);
}

}  // namespace albert::train
