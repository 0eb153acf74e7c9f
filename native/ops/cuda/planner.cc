// Addresses without memory, weights without numbers, executors that run nothing.
#include "ops/cuda/planner.h"

#include <atomic>
#include <cstdint>

#include "core/error.h"
#include "ops/cuda/executor.h"
#include "ops/cuda/loader.h"

namespace albert::cuda {

namespace {

class PlannedWeight final : public LinearWeight {
 public:
  PlannedWeight(const WeightRequest& request, size_t bytes)
      : LinearWeight(request.inputs, request.outputs), bytes_(bytes) {}

  size_t bytes() const override { return bytes_; }
  void unpack(const LinearParams&, int64_t) const override {
    throw Error(ErrorCode::kBackend, "unpack: a planned weight has no numbers");
  }
  void repack(std::span<const LinearParams>) override {}

 private:
  size_t bytes_;
};

class Planner final : public DescribedBackend {
 public:
  using DescribedBackend::DescribedBackend;

  void* allocate(size_t bytes) override {
    return reinterpret_cast<void*>(next_.fetch_add((bytes / kAlignment + 1) * kAlignment));
  }
  void release(void*, size_t) noexcept override {}
  std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                        MatrixUse use) override {
    WeightRequest request{.matrix = nullptr,
                          .bias = nullptr,
                          .inputs = parts.front().weight.columns(),
                          .outputs = 0,
                          .is_layer = use == MatrixUse::kLayer};
    for (const LinearParams& part : parts) request.outputs += part.weight.rows();
    const size_t bytes = library().prepared_bytes(traits_.device.get(), &request);
    return std::make_unique<PlannedWeight>(request, bytes);
  }
  std::unique_ptr<Ops> executor(int) override {
    return std::make_unique<CudaOps>(traits_.device, WorkerUse::kPlan);
  }
  void upload(const Tensor&, const Tensor&) override {}
  void download(const Tensor&, const Tensor&) override {}
  void zero(const Tensor&) override {}

 private:
  static constexpr uintptr_t kAlignment = 256;  // as cudaMalloc's
  std::atomic<uintptr_t> next_{kAlignment};
};

}  // namespace

std::shared_ptr<Backend> make_planner(const BackendTraits& traits) {
  return std::make_shared<Planner>(traits);
}

}  // namespace albert::cuda
