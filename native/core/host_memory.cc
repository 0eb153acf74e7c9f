// Allocation with alignment and huge pages.
#include "core/host_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/error.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace albert {

namespace {

constexpr size_t kCacheLine = 64;

#if defined(__linux__)

/// A multiple of every page size of Linux on x86-64 and AArch64.
constexpr size_t kPage = size_t{64} << 10;
constexpr size_t kHugePage = size_t{2} << 20;

size_t rounded_up(size_t bytes, size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Pages that begin at a multiple of 2 MiB: maps more than that and gives the ends back.
void* map_pages(size_t bytes) {
  const size_t length = rounded_up(bytes, kPage), total = length + kHugePage;
  void* const mapped =
      mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const uintptr_t first = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t begin = rounded_up(first, kHugePage), end = begin + length;
  if (begin > first) munmap(mapped, begin - first);
  munmap(reinterpret_cast<void*>(end), first + total - end);
  void* const pointer = reinterpret_cast<void*>(begin);
#if defined(MADV_HUGEPAGE)
  // Advice only: without huge pages everything works, a little slower.
  madvise(pointer, length, MADV_HUGEPAGE);
#endif
  return pointer;
}

bool has_pages_of_its_own(size_t bytes) {
  return bytes >= kHugePage && bytes <= std::numeric_limits<size_t>::max() - 2 * kHugePage;
}

#endif

void* allocate(size_t bytes) {
#if defined(__linux__)
  if (has_pages_of_its_own(bytes)) return map_pages(bytes);
#endif
  if (bytes > std::numeric_limits<size_t>::max() - kCacheLine) return nullptr;
  const size_t lines = (std::max<size_t>(bytes, 1) + kCacheLine - 1) / kCacheLine;
  return std::aligned_alloc(kCacheLine, lines * kCacheLine);
}

}  // namespace

void* allocate_host(size_t bytes) {
  void* const pointer = allocate(bytes);
  if (pointer != nullptr) return pointer;
  throw Error(ErrorCode::kMemory,
              "cpu: " + std::to_string(bytes) +
                  " bytes could not be allocated; use smaller batches or free other models");
}

void release_host(void* pointer, size_t bytes) noexcept {
#if defined(__linux__)
  if (pointer != nullptr && has_pages_of_its_own(bytes)) {
    munmap(pointer, rounded_up(bytes, kPage));
    return;
  }
#endif
  std::free(pointer);
}

}  // namespace albert
