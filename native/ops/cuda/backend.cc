// Devices, their memory, and conversions between host and device element types.
#include "ops/cuda/backend.h"

#include <charconv>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "core/error.h"
#include "ops/cuda/described_backend.h"
#include "ops/cuda/executor.h"
#include "ops/cuda/loader.h"
#include "ops/cuda/numbers.h"
#include "ops/cuda/planner.h"

namespace albert {

namespace cuda {
namespace {

struct ArithmeticName {
  const char* name;
  Arithmetic arithmetic;
  DType activations;
};
constexpr ArithmeticName kArithmetics[] = {{"fp32", Arithmetic::kFloat32, DType::kF32},
                                           {"bf16", Arithmetic::kBFloat16, DType::kBF16},
                                           {"fp16", Arithmetic::kFloat16, DType::kF16},
                                           {"int8", Arithmetic::kInt8, DType::kBF16}};

const ArithmeticName& find_arithmetic(const std::string& dtype) {
  for (const ArithmeticName& each : kArithmetics) {
    if (dtype == each.name) return each;
  }
  throw Error(ErrorCode::kBackend, "cuda: unknown dtype \"" + dtype +
                                       "\"; use \"fp32\", \"bf16\", \"fp16\" or \"int8\"");
}

/// The index in "cuda:<index>", 0 for "cuda".
int32_t index_of(const std::string& device) {
  if (device == "cuda") return 0;
  int32_t index = -1;
  const char* first = device.data() + sizeof "cuda:" - 1;
  const char* last = device.data() + device.size();
  const auto [end, error] = std::from_chars(first, last, index);
  if (error != std::errc() || end != last || index < 0) {
    throw Error(ErrorCode::kBackend, "cuda: \"" + device +
                                         "\" names no device; use \"cuda\" or \"cuda:0\"");
  }
  return index;
}

DeviceHandle open_device(const DeviceOptions& options) {
  Status status{};
  Device* device = library().open_device(&options, &status);
  check(status);
  return DeviceHandle(device, [](Device* opened) { library().close_device(opened); });
}

std::string in_words(const DeviceDescription& device) {
  return std::string(device.name) + ", " + std::to_string(device.memory >> 20) +
         " MiB, driver for CUDA " + version_in_words(device.driver_version) + ", built with CUDA " +
         version_in_words(device.runtime_version);
}

void check_shapes(const Tensor& to, const Tensor& from) {
  if (to.rank == from.rank && to.shape == from.shape) return;
  throw Error(ErrorCode::kShape, "copy: expected " + to.describe() + ", got " + from.describe());
}

/// A host tensor of that shape, without gaps, and the memory it lies in.
struct Staged {
  Staged(const Tensor& shape, DType dtype)
      : memory(size_t(shape.size()) * size_of(dtype)), tensor(shape) {
    tensor.data = memory.data();
    tensor.dtype = dtype;
    tensor.row_stride = shape.columns();
  }
  std::vector<std::byte> memory;
  Tensor tensor;
};

BackendTraits open_traits(int32_t index, const ArithmeticName& arithmetic, bool allow_tf32) {
  DeviceHandle device = open_device(
      {.index = index, .arithmetic = arithmetic.arithmetic, .allow_tf32 = allow_tf32});
  DeviceDescription description{};
  Status status{};
  library().describe(device.get(), &description, &status);
  check(status);
  const bool is_int8 = arithmetic.arithmetic == Arithmetic::kInt8;
  return {.device = std::move(device),
          .name = index == 0 ? "cuda" : "cuda:" + std::to_string(index),
          .dtype = arithmetic.name,
          .architecture =
              "sm_" + std::to_string(description.major) + std::to_string(description.minor),
          .description = in_words(description),
          .activations = arithmetic.activations,
          .table = is_int8 ? DType::kF32 : arithmetic.activations,
          .allow_tf32 = allow_tf32};
}

class CudaBackend final : public DescribedBackend {
 public:
  using DescribedBackend::DescribedBackend;

  size_t free_memory() const override {
    Status status{};
    const uint64_t bytes = library().free_memory(handle(), &status);
    check(status);
    return bytes;
  }
  std::shared_ptr<Backend> planner() const override { return make_planner(traits_); }
  void* allocate(size_t bytes) override {
    Status status{};
    void* pointer = library().allocate(handle(), bytes, &status);
    check(status);
    return pointer;
  }
  void release(void* pointer, size_t) noexcept override {
    library().release(handle(), pointer);
  }
  std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                        MatrixUse use) override {
    return std::make_unique<DeviceWeight>(traits_.device, StackedParts(parts).request(use));
  }
  std::unique_ptr<Ops> executor(int) override {
    return std::make_unique<CudaOps>(traits_.device, WorkerUse::kRun);
  }
  void upload(const Tensor& device, const Tensor& host) override;
  void download(const Tensor& host, const Tensor& device) override;
  void synchronize() override {
    Status status{};
    library().synchronize(handle(), &status);
    check(status);
  }
  void zero(const Tensor& device) override {
    Status status{};
    library().zero(handle(), device.data, size_t(device.size()) * size_of(device.dtype),
                   &status);
    check(status);
  }

  void enqueue_upload(Ops& ops, const Tensor& device, const Tensor& host) override {
    check_shapes(device, host);
    if (host.size() > 0) of(ops).enqueue_upload(device, host);
  }
  void enqueue_download(Ops& ops, const Tensor& host, const Tensor& device) override {
    check_shapes(host, device);
    if (host.size() > 0) of(ops).enqueue_download(host, device);
  }
  void enqueue_zero(Ops& ops, const Tensor& device) override { of(ops).enqueue_zero(device); }
  void finish(Ops& ops) override { of(ops).finish(); }
  void abandon(Ops& ops) noexcept override { of(ops).abandon(); }

 private:
  static CudaOps& of(Ops& ops) { return static_cast<CudaOps&>(ops); }
  void copy(const Tensor& to, const Tensor& from, bool to_device) {
    const CopyRequest request = copy_request(to, from, to_device);
    Status status{};
    library().copy(handle(), &request, &status);
    check(status);
  }

  Device* handle() const { return traits_.device.get(); }
};

void CudaBackend::upload(const Tensor& device, const Tensor& host) {
  check_shapes(device, host);
  if (host.size() == 0) return;
  if (device.dtype == host.dtype) return copy(device, host, true);
  const Staged staged(host, device.dtype);
  convert(staged.tensor, host);
  copy(device, staged.tensor, true);
}

void CudaBackend::download(const Tensor& host, const Tensor& device) {
  check_shapes(host, device);
  if (host.size() == 0) return;
  if (device.dtype == host.dtype) return copy(host, device, false);
  const Staged staged(host, device.dtype);
  copy(staged.tensor, device, false);
  convert(host, staged.tensor);
}

}  // namespace
}  // namespace cuda

std::shared_ptr<Backend> open_cuda_backend(const std::string& device,
                                           const BackendOptions& options) {
  // To open a device takes long: those in use are found here.
  using Key = std::tuple<int32_t, std::string, bool>;
  static std::mutex& mutex = *new std::mutex;
  static auto& opened = *new std::map<Key, std::weak_ptr<Backend>>;
  const int32_t index = cuda::index_of(device);
  const cuda::ArithmeticName& arithmetic = cuda::find_arithmetic(options.dtype);
  const bool allow_tf32 = options.allow_tf32 && arithmetic.arithmetic == cuda::Arithmetic::kFloat32;
  const std::lock_guard lock(mutex);
  std::weak_ptr<Backend>& entry = opened[{index, options.dtype, allow_tf32}];
  if (std::shared_ptr<Backend> shared = entry.lock()) return shared;
  const auto backend = std::make_shared<cuda::CudaBackend>(
      cuda::open_traits(index, arithmetic, allow_tf32));
  entry = backend;
  return backend;
}

bool is_cuda_likely() {
  return cuda::has_driver() || cuda::is_library_named();
}

}  // namespace albert
