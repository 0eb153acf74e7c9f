// The one door to devices: memory, prepared weights, executors.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/arena.h"
#include "core/thread_pool.h"
#include "ops/ops.h"

namespace albert {

/// A device and an arithmetic, shared by everybody who uses it. Thread-safe.
class Backend : public Memory {
 public:
  /// "cpu", "reference", or "cuda", "cuda:1", …
  virtual const char* name() const = 0;
  /// The arithmetic of the layers: "fp32", "bf16", "int8"; on CUDA "fp16", too; "fp64" in the
  /// reference.
  virtual const char* dtype() const = 0;
  /// The instruction set in use ("avx512", "avx2", "portable", "neon"), or the architecture of the
  /// GPU ("sm_90"); "none" for the reference.
  virtual const char* instruction_set() const = 0;
  /// What it is, in words: of a GPU its name, memory and versions; "" where no more is to be said.
  virtual std::string description() const { return ""; }
  /// Element type of activations between ops.
  virtual DType activation_dtype() const = 0;
  /// Element type of norms' and softmaxes' statistics, of losses, and of the small parameters
  /// (norms, biases, embedding tables).
  virtual DType master_dtype() const = 0;
  /// Element type of the word embedding, the one large table: the activations' in bf16.
  virtual DType table_dtype() const { return master_dtype(); }

  /// Packs one matrix from its parts, stacked along the outputs (query, key and value are one
  /// matrix, three parts). All parts have the same inputs and lie in host memory as f32 or f64.
  virtual std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                                MatrixUse use) = 0;

  /// An executor that uses up to `width` threads of the process-wide pool, the caller's own among
  /// them.
  virtual std::unique_ptr<Ops> executor(int width) = 0;

  /// Whether a row's or sequence's bits are the same in any batch. Where algorithms are chosen by
  /// the number of rows they are so in batches of equal size only.
  virtual bool is_independent_of_company() const { return true; }
  /// Whether its memory may be written by the host, as what upload() writes.
  virtual bool in_host_memory() const = 0;
  /// Copies host → device and device → host, converting between f32 and f64 where the dtypes
  /// differ; equal shapes.
  virtual void upload(const Tensor& device, const Tensor& host) = 0;
  virtual void download(const Tensor& host, const Tensor& device) = 0;
  /// Waits for what executors were asked for so far, where their calls return before it is done.
  virtual void synchronize() {}
  /// Fills a tensor without gaps with zeros. As written here, for backends in host memory.
  virtual void zero(const Tensor& device);

  /// Operations a second at most in the layers' arithmetic, and bytes a second over a working set
  /// of that size, measured on up to `width` threads. Throw Error{kBackend} where nothing is fast,
  /// in the reference.
  virtual double peak_flops(int width);
  virtual double peak_bytes(int width, size_t working_set);
};

struct BackendOptions {
  std::string device = "auto";  // "auto", "cpu", "cuda", "cuda:<index>", "reference"
  std::string dtype = "fp32";   // arithmetic of the layers: "fp32", "bf16", "int8", "fp16"
  std::string
      instruction_set;  // "" = the best one of this machine, or ALBERT_CPU_ISA where it is set
};

/// The backend for these options, one per combination in the process. Throws Error{kBackend} with
/// the reason.
std::shared_ptr<Backend> open_backend(const BackendOptions& options);

/// Why device "auto" meant the CPU although this machine has a GPU's driver, once in the process:
/// "" from the second call on, and where there was nothing to say.
std::string take_fallback_warning();

/// The instruction sets that this machine can run, best first ("avx512", "avx2", "portable").
std::span<const char* const> available_instruction_sets();

}  // namespace albert
