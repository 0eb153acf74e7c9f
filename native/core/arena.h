// Named scratch memory: bump allocation, reused from run to run, with a bill of what was asked for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace albert {

/// Where an arena gets its bytes from: host memory, or a device's (see ops/backend.h).
class Memory {
 public:
  virtual ~Memory() = default;
  /// At least 64-byte aligned. Throws Error{kMemory}.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* pointer, size_t bytes) noexcept = 0;
};

/// One line of a memory bill.
struct BillItem {
  std::string name;
  size_t bytes;
};

/// Hands out tensors until reset(), then hands the same memory out again. After the first run of
/// the largest size nothing is allocated any more. Not thread-safe: one arena serves one executor.
class Arena {
 public:
  /// Of tensors that stay: a block for each, if it is not small.
  explicit Arena(Memory& memory) : Arena(memory, 0) {}
  /// What an arena of runs, whose tensors go with every reset(), grows by: as much as it holds, up
  /// to 16 MiB. Of large blocks of host memory only the pages that tensors touch are taken, and all
  /// of them go back to the system at the merge; small blocks would stay in the C library's heap.
  static constexpr size_t kGrowthOfRuns = size_t{16} << 20;
  Arena(Memory& memory, size_t largest_growth)
      : memory_(memory), largest_growth_(largest_growth) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A tensor of undefined content, valid until reset(). The name must be a string literal.
  Tensor allocate(const char* name, DType dtype, std::initializer_list<int64_t> shape);

  /// Forgets all tensors and keeps the memory; if it had grown, one block with room for just them.
  void reset();
  /// Forgets all tensors and makes room for so many bytes of them in one block: a run that asks for
  /// no more allocates nothing.
  void reserve(size_t bytes);

  /// Bytes asked for since the last reset().
  size_t used() const { return used_; }
  /// Bytes held now.
  size_t capacity() const;
  /// What was asked for since the last reset(), by name; equal names are added up.
  std::vector<BillItem> bill() const;

 private:
  struct Block {
    char* begin;
    size_t size;
    size_t used;
  };
  struct Entry {
    const char* name;
    size_t bytes;
  };
  void add_block(size_t bytes);
  void release_blocks() noexcept;

  Memory& memory_;
  const size_t largest_growth_;
  std::vector<Block> blocks_;
  std::vector<Entry> entries_;
  size_t used_ = 0;
};

}  // namespace albert
