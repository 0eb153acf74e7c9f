// CRC32C (Castagnoli), plain and as TensorFlow masks it in records and bundles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace albert::formats {

/// The checksum of `bytes`; `before` is that of the bytes in front of them (0 = none).
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before = 0) noexcept;

/// What is stored: a checksum of data that holds checksums would otherwise be predictable.
constexpr uint32_t mask_crc(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace albert::formats
