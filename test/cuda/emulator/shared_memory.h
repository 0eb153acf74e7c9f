// Shared memory of the running block: static arrays of kernels, and the dynamic part of a launch.
#pragma once

#include <cstddef>

namespace emulator {

/// What every listed architecture gives a block (8.6 and 8.9 give the least: 99 KiB).
constexpr size_t kMaxSharedBytes = 99 * 1024;

/// Dynamic shared memory for one launch, exactly as large as asked for: AddressSanitizer, or a
/// canary, guards the byte behind it.
class DynamicShared {
 public:
  explicit DynamicShared(size_t bytes);
  ~DynamicShared();
  DynamicShared(const DynamicShared&) = delete;
  DynamicShared& operator=(const DynamicShared&) = delete;

  /// Refuses a block that wrote past the end.
  void check_canary() const;
};

/// Fills all of it with 0xff: NaN, -1.
void poison_shared_memory();
/// Leaves races in it to the mode that looks within blocks.
void ignore_races_in_shared_memory();

}  // namespace emulator
