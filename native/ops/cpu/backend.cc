// Choice of the instruction set, memory, packing and executors of the CPU.
#include "ops/cpu/backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "core/cpu_features.h"
#include "core/error.h"
#include "core/host_memory.h"
#include "ops/cpu/executor.h"
#include "ops/cpu/packed_weight.h"
#include "ops/cpu/peak.h"
#include "ops/cpu/self_check.h"

namespace albert {

namespace cpu {
namespace {

/// A table whose instructions this machine has. Some machines have kernels that no developer of
/// this library has seen run, so each is checked once, and before its first use.
class Candidate {
 public:
  explicit Candidate(const KernelTable& kernels) : kernels_(kernels) {}

  const KernelTable& kernels() const { return kernels_; }

  /// The portable kernels need no check: there is nothing to fall back to.
  bool computes_right() {
    std::call_once(once_,
                   [&] { right_ = &kernels_ == &portable::kernels || self_check(kernels_); });
    return right_;
  }

 private:
  const KernelTable& kernels_;
  std::once_flag once_;
  bool right_ = false;
};

std::deque<Candidate> find_candidates() {
  const CpuFeatures& cpu = cpu_features();
  std::deque<Candidate> candidates;
  const auto add = [&](bool runs, const KernelTable& table) {
    if (runs) candidates.emplace_back(table);
  };
#if defined(__x86_64__)
  const bool words = cpu.avx512_vnni && cpu.avx512_bf16;
  add(cpu.amx && words, amx::kernels);
  add(words, avx512_bf16::kernels);
  add(cpu.avx512_vnni, avx512_vnni::kernels);
  add(cpu.avx512, avx512::kernels);
  add(cpu.avx2_fma, avx2::kernels);
#elif defined(__aarch64__)
  add(cpu.bf16_i8mm, neon_bf16::kernels);
  add(cpu.dotprod, neon_dotprod::kernels);
  add(true, neon::kernels);
#endif
  add(true, portable::kernels);
  return candidates;
}

/// Best first.
std::deque<Candidate>& candidates() {
  static std::deque<Candidate>& found = *new std::deque<Candidate>(find_candidates());
  return found;
}

/// All kernels that compute what they should here, best first.
std::vector<const KernelTable*> usable_kernels() {
  std::vector<const KernelTable*> usable;
  for (Candidate& candidate : candidates()) {
    if (candidate.computes_right()) usable.push_back(&candidate.kernels());
  }
  return usable;
}

const KernelTable& best_kernels() {
  auto candidate = candidates().begin();
  while (!candidate->computes_right()) ++candidate;
  return candidate->kernels();
}

const KernelTable& find_kernels(const std::string& name, const char* source) {
  for (Candidate& candidate : candidates()) {
    if (name == candidate.kernels().name && candidate.computes_right()) return candidate.kernels();
  }
  std::string list;
  for (const KernelTable* kernels : usable_kernels()) {
    list += (list.empty() ? "" : ", ") + std::string(kernels->name);
  }
  throw Error(ErrorCode::kBackend, std::string("cpu: ") + source + " \"" + name +
                                       "\" is not available here; this machine can run " + list);
}

const KernelTable& choose_kernels(const std::string& name) {
  if (!name.empty()) return find_kernels(name, "instruction set");
  const char* wish = std::getenv("ALBERT_CPU_ISA");
  if (wish != nullptr && *wish != '\0') return find_kernels(wish, "ALBERT_CPU_ISA");
  return best_kernels();
}

/// Converts a row between two element types.
template <class Target, class Source, class Convert>
void convert_rows(const Tensor& target, const Tensor& source, const Convert& convert) {
  for (int64_t r = 0; r < source.rows(); ++r) {
    std::transform(source.row<Source>(r), source.row<Source>(r) + source.columns(),
                   target.row<Target>(r), convert);
  }
}

void copy_rows(const Tensor& target, const Tensor& source) {
  const int64_t size = int64_t(size_of(source.dtype));
  for (int64_t r = 0; r < source.rows(); ++r) {
    std::memcpy(target.as<char>() + r * target.row_stride * size,
                source.as<char>() + r * source.row_stride * size, size_t(source.columns() * size));
  }
}

bool equal_shapes(const Tensor& a, const Tensor& b) {
  return a.rank == b.rank && std::equal(a.shape.begin(), a.shape.begin() + a.rank, b.shape.begin());
}

void copy_tensor(const Tensor& target, const Tensor& source) {
  if (!equal_shapes(target, source)) {
    throw Error(ErrorCode::kShape,
                "copy: expected " + target.describe() + ", got " + source.describe());
  }
  if (source.size() == 0) return;
  const auto are = [&](DType to, DType from) { return target.dtype == to && source.dtype == from; };
  if (target.dtype == source.dtype) {
    copy_rows(target, source);
  } else if (are(DType::kF32, DType::kF64)) {
    convert_rows<float, double>(target, source, [](double value) { return float(value); });
  } else if (are(DType::kF64, DType::kF32)) {
    convert_rows<double, float>(target, source, [](float value) { return double(value); });
  } else if (are(DType::kF32, DType::kBF16)) {
    convert_rows<float, BFloat16>(target, source, [](BFloat16 value) { return to_float(value); });
  } else if (are(DType::kF64, DType::kBF16)) {
    convert_rows<double, BFloat16>(target, source, [](BFloat16 value) { return to_float(value); });
  } else if (are(DType::kBF16, DType::kF32)) {
    convert_rows<BFloat16, float>(target, source, to_bfloat16);
  } else if (are(DType::kBF16, DType::kF64)) {
    convert_rows<BFloat16, double>(target, source,
                                   [](double value) { return to_bfloat16(float(value)); });
  } else {
    throw Error(ErrorCode::kShape, "copy: " + source.describe() + " cannot become " +
                                       target.describe() + "; only f32, f64 and bf16 convert");
  }
}

struct Arithmetic {
  const char* name;
  Format format;
};
constexpr Arithmetic kArithmetics[] = {
    {"fp32", Format::kF32}, {"bf16", Format::kBF16}, {"int8", Format::kInt8}};

const Arithmetic& find_arithmetic(const std::string& dtype) {
  for (const Arithmetic& arithmetic : kArithmetics) {
    if (dtype == arithmetic.name) return arithmetic;
  }
  throw Error(ErrorCode::kBackend,
              "cpu: unknown dtype \"" + dtype + "\"; use \"fp32\", \"bf16\" or \"int8\"");
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(const KernelTable& kernels, const Arithmetic& arithmetic)
      : kernels_(kernels), arithmetic_(arithmetic), pool_(ThreadPool::shared()) {}

  void* allocate(size_t bytes) override { return allocate_host(bytes); }
  void release(void* pointer, size_t bytes) noexcept override { release_host(pointer, bytes); }
  bool in_host_memory() const override { return true; }
  const char* name() const override { return "cpu"; }
  const char* dtype() const override { return arithmetic_.name; }
  const char* instruction_set() const override { return kernels_.name; }
  DType activation_dtype() const override {
    const bool narrow = arithmetic_.format == Format::kBF16 ||
                        (arithmetic_.format == Format::kInt8 && kernels_.narrow == Element::kBF16);
    return narrow ? DType::kBF16 : DType::kF32;
  }
  DType master_dtype() const override { return DType::kF32; }
  DType table_dtype() const override {
    return arithmetic_.format == Format::kBF16 ? DType::kBF16 : DType::kF32;
  }
  std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                        MatrixUse use) override {
    const Format format = use == MatrixUse::kLayer ? arithmetic_.format : Format::kF32;
    return std::make_unique<PackedWeight>(kernels_, format, *pool_, parts);
  }
  std::unique_ptr<Ops> executor(int width) override {
    return std::make_unique<CpuOps>(kernels_, pool_, width);
  }
  void upload(const Tensor& device, const Tensor& host) override { copy_tensor(device, host); }
  void download(const Tensor& host, const Tensor& device) override { copy_tensor(host, device); }
  double peak_flops(int width, double seconds) override {
    const FormatKernels& kernels = kernels_.formats[int(arithmetic_.format)];
    return cpu::measure_peak_flops(kernels, *pool_, width, seconds);
  }
  double peak_bytes(int width, size_t working_set) override {
    return cpu::measure_peak_bytes(kernels_, *pool_, width, working_set);
  }
  double fetch_rate(int width) override { return cpu::measure_fetch_rate(*pool_, width); }

 private:
  const KernelTable& kernels_;
  const Arithmetic& arithmetic_;
  std::shared_ptr<ThreadPool> pool_;
};

}  // namespace
}  // namespace cpu

std::shared_ptr<Backend> open_cpu_backend(const std::string& dtype,
                                          const std::string& instruction_set) {
  return std::make_shared<cpu::CpuBackend>(cpu::choose_kernels(instruction_set),
                                           cpu::find_arithmetic(dtype));
}

std::span<const char* const> cpu_instruction_sets() {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> list;
    for (const cpu::KernelTable* kernels : cpu::usable_kernels()) list.push_back(kernels->name);
    return list;
  }();
  return names;
}

}  // namespace albert
