// What this processor can execute (and the operating system saves on a context switch).
#pragma once

#include <string>

namespace albert {

struct CpuFeatures {
  bool avx2_fma = false;     // AVX2 + FMA3 + F16C, YMM state enabled
  bool avx512 = false;       // AVX-512 F, BW, DQ, VL, ZMM state enabled
  bool avx512_bf16 = false;  // vdpbf16ps
  bool avx512_vnni = false;  // vpdpbusd
  bool amx = false;          // AMX tile, int8, bf16, and leave to use the tiles
  bool neon = false;         // any AArch64
  bool dotprod = false;      // AArch64 dot products of bytes
  bool bf16_i8mm = false;    // AArch64 bfloat16 and mixed-sign bytes
  std::string brand;         // "AMD EPYC 7713 64-Core Processor"
};

/// Read once by CPUID / XGETBV; never fails.
const CpuFeatures& cpu_features();

}  // namespace albert
