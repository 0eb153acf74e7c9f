// CRC32C by tables, eight bytes a step.
#include "formats/crc32c.h"

#include <array>

namespace albert::formats {

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr size_t kStep = 8;

using Tables = std::array<std::array<uint32_t, 256>, kStep>;

/// tables[k][b]: what byte b does to the checksum when k bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) * kPolynomial);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < kStep; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t previous = tables[k - 1][byte];
      tables[k][byte] = (previous >> 8) ^ tables[0][previous & 0xffu];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before) noexcept {
  uint32_t crc = ~before;
  while (bytes.size() >= kStep) {
    uint32_t next = 0;
    for (size_t i = 0; i < kStep; ++i) {
      const uint32_t mixed = i < 4 ? crc >> (8 * i) : 0;
      next ^= kTables[kStep - 1 - i][(uint32_t(bytes[i]) ^ mixed) & 0xffu];
    }
    crc = next;
    bytes = bytes.subspan(kStep);
  }
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ uint32_t(byte)) & 0xffu];
  return ~crc;
}

}  // namespace albert::formats
