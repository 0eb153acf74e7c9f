// Finds or opens the backend that a set of options asks for.
#include "ops/backend.h"

#include <array>
#include <cstring>
#include <map>
#include <mutex>

#include "core/error.h"
#include "ops/cpu/backend.h"
#include "ops/cuda/backend.h"
#include "ops/reference/backend.h"

namespace albert {

namespace {

/// Name, dtype, instruction set, and what is allowed.
using Key = std::array<std::string, 4>;

struct Registry {
  std::mutex mutex;
  std::map<Key, std::weak_ptr<Backend>> backends;
  std::string fallback;  // why "auto" came to the CPU
  bool fallback_told = false;
};

/// Never destroyed: backends may be opened and released while the process ends.
Registry& registry() {
  static Registry& leaked = *new Registry;
  return leaked;
}

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::kBackend, "backend: " + reason);
}

std::shared_ptr<Backend> open_reference(const BackendOptions& options) {
  if (!options.instruction_set.empty() && options.instruction_set != "none") {
    refuse("the reference has no instruction sets to choose from, got \"" +
           options.instruction_set + "\"; leave it empty");
  }
  if (options.dtype != "fp32") {
    refuse("the reference computes in float64 only, got dtype \"" + options.dtype +
           "\"; leave it at \"fp32\"");
  }
  return std::make_shared<ReferenceBackend>();
}

std::shared_ptr<Backend> open_cuda(const BackendOptions& options) {
  std::shared_ptr<Backend> backend = open_cuda_backend(options.device, options);
  const std::string& wish = options.instruction_set;
  if (!wish.empty() && wish != backend->instruction_set()) {
    refuse("the device's architecture is " + std::string(backend->instruction_set()) +
           ", got instruction set \"" + wish + "\"; leave it empty");
  }
  return backend;
}

/// CUDA where it can be had, null where "auto" is to mean the CPU.
std::shared_ptr<Backend> try_cuda(const BackendOptions& options) {
  if (!options.instruction_set.empty() || !is_cuda_likely()) return nullptr;
  try {
    return open_cuda_backend("cuda", options);
  } catch (const Error& error) {
    const std::lock_guard lock(registry().mutex);
    registry().fallback = error.what();
    return nullptr;
  }
}

std::shared_ptr<Backend> create(const BackendOptions& options) {
  const std::string& device = options.device;
  if (device == "cuda" || device.starts_with("cuda:")) return open_cuda(options);
  if (device == "auto") {
    if (std::shared_ptr<Backend> cuda = try_cuda(options)) return cuda;
  }
  if (options.dtype == "fp16") {
    refuse("fp16 is an arithmetic of GPUs; use dtype \"bf16\", \"int8\" or \"fp32\" on the CPU");
  }
  if (device == "auto" || device == "cpu") {
    return open_cpu_backend(options.dtype, options.instruction_set);
  }
  if (device == "reference") return open_reference(options);
  refuse("unknown device \"" + device +
         "\"; known are \"auto\", \"cpu\", \"cuda\" and \"reference\"");
}

}  // namespace

void Backend::zero(const Tensor& device) {
  std::memset(device.data, 0, size_t(device.size()) * size_of(device.dtype));
}

double Backend::peak_flops(int, double) {
  refuse(std::string("peaks of the ") + name() + " are not measured; use device \"cpu\"");
}

double Backend::peak_bytes(int width, size_t) {
  return peak_flops(width, 0);
}

std::shared_ptr<Backend> open_backend(const BackendOptions& options) {
  // A backend costs next to nothing until it is used: a new one says what the options come to, and
  // gives way to one that others already share.
  std::shared_ptr<Backend> fresh = create(options);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::weak_ptr<Backend>& entry =
      all.backends[{fresh->name(), fresh->dtype(), fresh->instruction_set(),
                    fresh->allows_tf32() ? "tf32" : ""}];
  if (std::shared_ptr<Backend> shared = entry.lock()) return shared;
  entry = fresh;
  return fresh;
}

std::string take_fallback_warning() {
  const std::lock_guard lock(registry().mutex);
  if (registry().fallback.empty() || registry().fallback_told) return "";
  registry().fallback_told = true;
  return "Device \"auto\" means the CPU: " + registry().fallback;
}

std::span<const char* const> available_instruction_sets() {
  return cpu_instruction_sets();
}

}  // namespace albert
