// Allocation with alignment and huge pages.
#include "ops/cpu/host_memory.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/error.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace albert::cpu {

namespace {
constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
}  // namespace

void* allocate_host(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  void* pointer = nullptr;
  if (bytes <= std::numeric_limits<size_t>::max() - alignment) {
    const size_t blocks = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment;
    pointer = std::aligned_alloc(alignment, blocks * alignment);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // Advice only: without huge pages everything works, a little slower.
    if (pointer != nullptr && alignment == kHugePage) {
      madvise(pointer, blocks * alignment, MADV_HUGEPAGE);
    }
#endif
  }
  if (pointer == nullptr) {
    throw Error(ErrorCode::kMemory,
                "cpu: " + std::to_string(bytes) +
                    " bytes could not be allocated; use smaller batches or free other models");
  }
  return pointer;
}

void release_host(void* pointer) noexcept {
  std::free(pointer);
}

}  // namespace albert::cpu
