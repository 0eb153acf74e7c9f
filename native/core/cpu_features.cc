// Reads CPUID and XGETBV once.
#include "core/cpu_features.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#endif
#endif

namespace albert {

namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

/// All zeros where the processor does not know the leaf.
Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(uint32_t word, int index) {
  return (word >> index) & 1u;
}

/// The register states that the operating system saves (XCR0); 0 if it saves none.
uint64_t saved_states() {
  if (!bit(cpuid(1, 0).ecx, 27)) return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

std::string brand_string() {
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002u + i, 0);
    const uint32_t words[4] = {r.eax, r.ebx, r.ecx, r.edx};
    std::memcpy(text + 16 * i, words, 16);
  }
  const std::string brand(text);
  const size_t begin = brand.find_first_not_of(' ');
  if (begin == std::string::npos) return "x86-64";
  return brand.substr(begin, brand.find_last_not_of(' ') - begin + 1);
}

/// Linux keeps the tiles' state for processes that asked for it only (arch_prctl(2),
/// ARCH_REQ_XCOMP_PERM of XFEATURE_XTILEDATA).
bool may_use_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuFeatures detect() {
  constexpr uint64_t kYmm = 0x6, kZmm = 0xe6, kTiles = 0x60000;
  const uint64_t saved = saved_states();
  const bool ymm = (saved & kYmm) == kYmm, zmm = (saved & kZmm) == kZmm;
  const bool tiles = (saved & kTiles) == kTiles;
  const uint32_t basic = cpuid(1, 0).ecx;
  const Registers extended = cpuid(7, 0);
  CpuFeatures f;
  f.avx2_fma = ymm && bit(basic, 12) && bit(basic, 29) && bit(extended.ebx, 5);
  f.avx512 = zmm && f.avx2_fma && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
             bit(extended.ebx, 30) && bit(extended.ebx, 31);
  f.avx512_vnni = f.avx512 && bit(extended.ecx, 11);
  f.avx512_bf16 = f.avx512 && bit(cpuid(7, 1).eax, 5);
  f.amx = tiles && bit(extended.edx, 22) && bit(extended.edx, 24) && bit(extended.edx, 25) &&
          may_use_tiles();
  f.brand = brand_string();
  return f;
}

#else

CpuFeatures detect() {
  CpuFeatures f;
#if defined(__aarch64__)
  f.neon = true;
#if defined(__linux__)
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  f.dotprod = first & HWCAP_ASIMDDP;
  f.bf16_i8mm = f.dotprod && (second & HWCAP2_BF16) && (second & HWCAP2_I8MM);
#endif
  f.brand = "AArch64";
#else
  f.brand = "unknown processor";
#endif
  return f;
}

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

}  // namespace albert
