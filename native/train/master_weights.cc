// Copies of weights: in, and packed out again.
#include "train/master_weights.h"

#include <mutex>
#include <utility>

#include "core/host_memory.h"

namespace albert::train {

namespace {

Tensor flat(const Tensor& tensor) {
  return tensor.reshaped({tensor.size()});
}

/// Gives the packer one parameter after the other out of a backend's memory.
class MasterReader final : public model::ParameterReader {
 public:
  MasterReader(Backend& backend, const model::AlbertParams& params)
      : backend_(backend), params_(params) {}

  const model::AlbertParams& shapes() const override { return params_; }

  void read(const Tensor& member, const Tensor& destination) override {
    backend_.download(flat(destination), flat(member));
  }

  Tensor in_host_memory(const Tensor& member) override {
    return backend_.in_host_memory() ? member : Tensor{};
  }

  Tensor in_memory_of(const Backend& backend, const Tensor& member) override {
    return &backend == &backend_ && !backend.in_host_memory() ? member : Tensor{};
  }

 private:
  Backend& backend_;
  const model::AlbertParams& params_;
};

}  // namespace

MasterWeights::MasterWeights(const model::AlbertWeights& initial, std::shared_ptr<Backend> backend)
    : architecture_(initial.architecture), backend_(std::move(backend)), arena_(*backend_) {
  const DType dtype = backend_->master_dtype();
  model::allocate(params_, architecture_, arena_, dtype);
  HostMemory memory;
  Arena arena(memory);
  model::AlbertParams host;
  model::allocate(host, architecture_, arena, dtype);
  model::unpack(initial, host);
  std::vector<Tensor> from;
  model::for_each(host, architecture_, [&](const model::ParameterSpec&, Tensor& tensor) {
    from.push_back(flat(tensor));
  });
  size_t next = 0;
  model::for_each(params_, architecture_, [&](const model::ParameterSpec&, Tensor& tensor) {
    backend_->upload(flat(tensor), from[next++]);
  });
}

void MasterWeights::update(const std::function<bool()>& change) {
  const std::unique_lock lock(mutex_);
  if (change()) ++version_;
}

void MasterWeights::read(const std::function<void()>& look) const {
  const std::shared_lock lock(mutex_);
  look();
}

std::shared_ptr<model::AlbertWeights> MasterWeights::packed(
    const std::shared_ptr<Backend>& backend) const {
  const std::shared_lock lock(mutex_);
  MasterReader reader(*backend_, params_);
  return model::prepare(architecture_, reader, backend);
}

void MasterWeights::repack(model::AlbertWeights& packed, int64_t& version, Ops& ops) const {
  const std::shared_lock lock(mutex_);
  if (std::exchange(version, version_) == version_) return;
  MasterReader reader(*backend_, params_);
  model::repack(packed, reader, &ops);
}

}  // namespace albert::train
