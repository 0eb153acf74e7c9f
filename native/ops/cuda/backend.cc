// Devices, their memory, and conversions between host and device element types.
#include "ops/cuda/backend.h"

#include <charconv>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/error.h"
#include "ops/cuda/device_weight.h"
#include "ops/cuda/executor.h"
#include "ops/cuda/loader.h"
#include "ops/cuda/numbers.h"

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

DeviceHandle open_device(int32_t index, Arithmetic arithmetic) {
  const DeviceOptions options{.index = index, .arithmetic = arithmetic, .allow_tf32 = 0};
  Status status{};
  Device* device = library().open_device(&options, &status);
  check(status);
  return DeviceHandle(device, [](Device* opened) { library().close_device(opened); });
}

std::string version_in_words(int32_t version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
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

class CudaBackend final : public Backend {
 public:
  CudaBackend(int32_t index, const ArithmeticName& arithmetic)
      : arithmetic_(arithmetic),
        device_(open_device(index, arithmetic.arithmetic)),
        name_(index == 0 ? "cuda" : "cuda:" + std::to_string(index)) {
    DeviceDescription description{};
    Status status{};
    library().describe(device_.get(), &description, &status);
    check(status);
    architecture_ = "sm_" + std::to_string(description.major) + std::to_string(description.minor);
    description_ = in_words(description);
  }

  const char* name() const override { return name_.c_str(); }
  const char* dtype() const override { return arithmetic_.name; }
  const char* instruction_set() const override { return architecture_.c_str(); }
  std::string description() const override { return description_; }
  DType activation_dtype() const override { return arithmetic_.activations; }
  DType master_dtype() const override { return DType::kF32; }
  DType table_dtype() const override {
    const bool is_int8 = arithmetic_.arithmetic == Arithmetic::kInt8;
    return is_int8 ? DType::kF32 : arithmetic_.activations;
  }
  bool is_independent_of_company() const override { return false; }
  bool in_host_memory() const override { return false; }

  void* allocate(size_t bytes) override {
    Status status{};
    void* pointer = library().allocate(device_.get(), bytes, &status);
    check(status);
    return pointer;
  }
  void release(void* pointer, size_t) noexcept override {
    library().release(device_.get(), pointer);
  }
  std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                        MatrixUse use) override {
    return std::make_unique<DeviceWeight>(device_, StackedParts(parts).request(use));
  }
  std::unique_ptr<Ops> executor(int) override { return std::make_unique<CudaOps>(device_); }
  void upload(const Tensor& device, const Tensor& host) override;
  void download(const Tensor& host, const Tensor& device) override;
  void synchronize() override {
    Status status{};
    library().synchronize(device_.get(), &status);
    check(status);
  }
  void zero(const Tensor& device) override {
    Status status{};
    library().zero(device_.get(), device.data, size_t(device.size()) * size_of(device.dtype),
                   &status);
    check(status);
  }

 private:
  void copy(const Tensor& to, const Tensor& from, bool to_device) {
    const size_t element = size_of(to.dtype);
    const CopyRequest request{.to = to.data,
                              .to_pitch = size_t(to.row_stride) * element,
                              .from = from.data,
                              .from_pitch = size_t(from.row_stride) * element,
                              .width = size_t(to.columns()) * element,
                              .rows = size_t(to.rows()),
                              .to_device = to_device};
    Status status{};
    library().copy(device_.get(), &request, &status);
    check(status);
  }

  const ArithmeticName& arithmetic_;
  DeviceHandle device_;
  std::string name_;
  std::string architecture_;
  std::string description_;
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

std::shared_ptr<Backend> open_cuda_backend(const std::string& device, const std::string& dtype) {
  // To open a device takes long: those in use are found here.
  static std::mutex& mutex = *new std::mutex;
  static auto& opened = *new std::map<std::pair<int32_t, std::string>, std::weak_ptr<Backend>>;
  const int32_t index = cuda::index_of(device);
  const cuda::ArithmeticName& arithmetic = cuda::find_arithmetic(dtype);
  const std::lock_guard lock(mutex);
  std::weak_ptr<Backend>& entry = opened[{index, dtype}];
  if (std::shared_ptr<Backend> shared = entry.lock()) return shared;
  const auto backend = std::make_shared<cuda::CudaBackend>(index, arithmetic);
  entry = backend;
  return backend;
}

bool is_cuda_likely() {
  return cuda::has_driver() || cuda::is_library_named();
}

}  // namespace albert
