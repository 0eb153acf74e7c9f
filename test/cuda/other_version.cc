// A library of another version of the boundary: its entry knows none that the addon asks for.
#include <cstdint>

extern "C" __attribute__((visibility("default"))) const void* albert_cuda_library(uint32_t) {
  return nullptr;
}
