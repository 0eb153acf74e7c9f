// The one door to devices: memory, prepared weights, executors.
#pragma once

#include <limits>
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

  /// Bytes of its memory that are free now; no bound where it computes in the host's.
  virtual size_t free_memory() const { return std::numeric_limits<size_t>::max(); }
  /// A backend of the same shapes and dtypes that allocates, copies and computes nothing: arenas,
  /// weights and executors of it tell what a run would take. Null where memory has no bound.
  virtual std::shared_ptr<Backend> planner() const { return nullptr; }

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

  /// The same in the order of an executor's ops, without waiting for them. What is uploaded may
  /// change as soon as the call returns; what is downloaded is there after finish(), until which
  /// its memory has to stay. As written here, for backends whose calls return when they are done.
  virtual void enqueue_upload(Ops&, const Tensor& device, const Tensor& host) {
    upload(device, host);
  }
  virtual void enqueue_download(Ops&, const Tensor& host, const Tensor& device) {
    download(host, device);
  }
  virtual void enqueue_zero(Ops&, const Tensor& device) { zero(device); }
  /// Waits for everything that this executor was asked for.
  virtual void finish(Ops&) {}
  /// The same, but nobody waits for its downloads any more: their memory is not written.
  virtual void abandon(Ops&) noexcept {}

  /// How many rows a batch of so many is to be computed as, the further ones being read by nobody:
  /// batches of a few sizes alone can be replayed (see Ops::replay).
  virtual int64_t padded_rows(int64_t rows) const { return rows; }
  /// Whether products of float32 may be rounded to TF32 on the way.
  virtual bool allows_tf32() const { return false; }

  /// Operations a second at most in the layers' arithmetic, the best seen in `seconds` (0: the one
  /// of a few milliseconds), and bytes a second over a working set of that size, measured on up to
  /// `width` threads. Throw Error{kBackend} where nothing is fast, in the reference.
  virtual double peak_flops(int width, double seconds);
  virtual double peak_bytes(int width, size_t working_set);
  /// Instructions that the slowest of `width` threads fetches while a multiplication of integers
  /// takes place: about half as many as usual while another hyperthread works on its core. 0 where
  /// that is not known.
  virtual double fetch_rate(int) { return 0; }
};

struct BackendOptions {
  std::string device = "auto";  // "auto", "cpu", "cuda", "cuda:<index>", "reference"
  std::string dtype = "fp32";   // arithmetic of the layers: "fp32", "bf16", "int8", "fp16"
  std::string
      instruction_set;      // "" = the best one of this machine, or ALBERT_CPU_ISA where it is set
  bool allow_tf32 = false;  // on "cuda": float32 products with the 10 bits of TF32's fraction
};

/// What an executor was asked to bring back: waited for by finish(), or given up when an error ends
/// the work before.
class Transfers {
 public:
  Transfers(Backend& backend, Ops& ops) : backend_(backend), ops_(ops) {}
  ~Transfers() {
    if (!finished_) backend_.abandon(ops_);
  }
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  void finish() {
    backend_.finish(ops_);
    finished_ = true;
  }

 private:
  Backend& backend_;
  Ops& ops_;
  bool finished_ = false;
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
