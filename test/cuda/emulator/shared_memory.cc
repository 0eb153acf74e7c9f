// Finds every __shared__ array of the process by the tag in its symbol's name.
#include "shared_memory.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "block.h"
#include "sanitizers.h"

namespace emulator {

namespace {

constexpr size_t kCanary = 64;
constexpr int kCanaryByte = 0xcb;
constexpr int kPoison = 0xff;

struct Range {
  unsigned char* begin;
  size_t bytes;
  bool holds(const unsigned char* pointer, size_t count) const {
    return pointer >= begin && pointer + count <= begin + bytes;
  }
};

std::vector<Range> static_arrays;
Range dynamic = {};

bool is_shared_array(const Elf64_Sym& symbol, const char* name) {
  return std::strstr(name, "B11cuda_shared") != nullptr && std::strncmp(name, "_ZGV", 4) != 0 &&
         ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_shndx != SHN_UNDEF;
}

void scan_symbols(const char* image, ElfW(Addr) base) {
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(image);
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(image + header->e_shoff);
  for (int s = 0; s < header->e_shnum; ++s) {
    if (sections[s].sh_type != SHT_SYMTAB) continue;
    const auto* symbols = reinterpret_cast<const Elf64_Sym*>(image + sections[s].sh_offset);
    const char* names = image + sections[sections[s].sh_link].sh_offset;
    for (size_t i = 0; i < sections[s].sh_size / sizeof *symbols; ++i) {
      if (!is_shared_array(symbols[i], names + symbols[i].st_name)) continue;
      auto* begin = reinterpret_cast<unsigned char*>(base + symbols[i].st_value);
      static_arrays.push_back({begin, symbols[i].st_size});
    }
  }
}

int scan_module(dl_phdr_info* module, size_t, void*) {
  const char* path = *module->dlpi_name ? module->dlpi_name : "/proc/self/exe";
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const off_t bytes = lseek(file, 0, SEEK_END);
  void* image = mmap(nullptr, size_t(bytes), PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (image == MAP_FAILED) return 0;
  scan_symbols(static_cast<const char*>(image), module->dlpi_addr);
  munmap(image, size_t(bytes));
  return 0;
}

void find_static_arrays() {
  if (!static_arrays.empty()) return;
  dl_iterate_phdr(scan_module, nullptr);
  std::sort(static_arrays.begin(), static_arrays.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  const auto last =
      std::unique(static_arrays.begin(), static_arrays.end(),
                  [](const Range& a, const Range& b) { return a.begin == b.begin; });
  static_arrays.erase(last, static_arrays.end());
}

}  // namespace

DynamicShared::DynamicShared(size_t bytes) {
  find_static_arrays();
  const size_t room = bytes + (is_sanitized() ? 0 : kCanary);
  void* memory = nullptr;
  if (posix_memalign(&memory, 128, std::max<size_t>(room, 1)) != 0) throw std::bad_alloc();
  dynamic = {static_cast<unsigned char*>(memory), bytes};
  if (!is_sanitized()) fill_unseen(dynamic.begin + bytes, kCanaryByte, kCanary);
}

DynamicShared::~DynamicShared() {
  std::free(dynamic.begin);
  dynamic = {};
}

void DynamicShared::check_canary() const {
  if (is_sanitized()) return;
  for (size_t i = 0; i < kCanary; ++i) {
    if (dynamic.begin[dynamic.bytes + i] == kCanaryByte) continue;
    fail("block (%u,%u,%u) wrote %zu bytes past its %zu bytes of dynamic shared memory",
         blockIdx.x, blockIdx.y, blockIdx.z, i, dynamic.bytes);
  }
}

void poison_shared_memory() {
  for (const Range& array : static_arrays) fill_unseen(array.begin, kPoison, array.bytes);
  fill_unseen(dynamic.begin, kPoison, dynamic.bytes);
}

void ignore_races_in_shared_memory() {
  const auto ignore = [](const Range& range) {
    AnnotateBenignRaceSized(__FILE__, __LINE__, range.begin, range.bytes, "shared memory");
  };
  for (const Range& array : static_arrays) ignore(array);
  if (dynamic.bytes) ignore(dynamic);
}

void* dynamic_shared(size_t alignment) {
  if (!dynamic.bytes) fail("dynamic_shared() in a kernel launched without shared bytes");
  if (reinterpret_cast<uintptr_t>(dynamic.begin) % alignment) {
    fail("dynamic shared memory is not aligned to %zu", alignment);
  }
  return dynamic.begin;
}

bool is_shared(const void* pointer, size_t bytes) {
  const auto* byte = static_cast<const unsigned char*>(pointer);
  if (dynamic.holds(byte, bytes)) return true;
  const auto is_before = [](const unsigned char* at, const Range& range) {
    return at < range.begin;
  };
  const auto after =
      std::upper_bound(static_arrays.begin(), static_arrays.end(), byte, is_before);
  return after != static_arrays.begin() && (after - 1)->holds(byte, bytes);
}

}  // namespace emulator
