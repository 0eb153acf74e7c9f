// Framing of TFRecord: u64 length, its masked CRC32C, the data, their masked CRC32C.
#include "formats/record_file.h"

#include <array>
#include <span>
#include <utility>

#include "core/error.h"
#include "formats/crc32c.h"

namespace albert::formats {

namespace {

constexpr uint64_t kLargestRecord = uint64_t{1} << 28;
constexpr size_t kLengthBytes = 8;
constexpr size_t kChecksumBytes = 4;

uint64_t little_endian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = (value << 8) | uint64_t(bytes[i - 1]);
  return value;
}

void store_little_endian(std::span<std::byte> bytes, uint64_t value) {
  for (std::byte& byte : bytes) {
    byte = std::byte(value & 0xffu);
    value >>= 8;
  }
}

}  // namespace

RecordReader::RecordReader(std::string path) : file_(std::move(path)) {}

void RecordReader::refuse(const std::string& what) const {
  throw Error(ErrorCode::kFormat, file_.path() + ": record " + std::to_string(records_) +
                                      " at byte " + std::to_string(offset_) + ": " + what);
}

void RecordReader::read_exactly(std::span<std::byte> destination, const char* what) {
  if (destination.size() > file_.size() - offset_) {
    refuse(std::string("the file ends inside its ") + what);
  }
  file_.read(offset_, destination);
  offset_ += destination.size();
}

bool RecordReader::next(std::string& record) {
  if (offset_ == file_.size()) return false;
  std::array<std::byte, kLengthBytes + kChecksumBytes> head;
  read_exactly(head, "length");
  const auto length_bytes = std::span(head).first(kLengthBytes);
  if (mask_crc(crc32c(length_bytes)) != little_endian(std::span(head).subspan(kLengthBytes))) {
    const bool gzip = records_ == 0 && head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b};
    refuse(gzip ? "it is compressed with gzip; gunzip it first"
                : "the checksum of its length is wrong; the file is damaged or no TFRecord file");
  }
  const uint64_t length = little_endian(length_bytes);
  if (length > kLargestRecord) {
    refuse("expected at most 256 MiB, its length says " + std::to_string(length) + " bytes");
  }
  if (length > file_.size() - offset_) refuse("the file ends inside its data");
  record.resize(size_t(length));
  const auto data = std::as_writable_bytes(std::span(record));
  read_exactly(data, "data");
  std::array<std::byte, kChecksumBytes> checksum;
  read_exactly(checksum, "checksum");
  if (mask_crc(crc32c(data)) != little_endian(checksum)) {
    refuse("the checksum of its data is wrong; the file is damaged");
  }
  ++records_;
  return true;
}

std::string frame_record(std::string_view record) {
  if (record.size() > kLargestRecord) {
    throw Error(ErrorCode::kRange, "a record has at most 256 MiB, got " +
                                       std::to_string(record.size()) + " bytes; split it");
  }
  constexpr size_t kHeadBytes = kLengthBytes + kChecksumBytes;
  std::string framed(kHeadBytes + record.size() + kChecksumBytes, '\0');
  record.copy(framed.data() + kHeadBytes, record.size());
  const auto bytes = std::as_writable_bytes(std::span(framed));
  const auto length = bytes.first(kLengthBytes);
  const auto data = bytes.subspan(kHeadBytes, record.size());
  store_little_endian(length, record.size());
  store_little_endian(bytes.subspan(kLengthBytes, kChecksumBytes), mask_crc(crc32c(length)));
  store_little_endian(bytes.last(kChecksumBytes), mask_crc(crc32c(data)));
  return framed;
}

void RecordWriter::write(std::string_view record) {
  const std::string framed = frame_record(record);
  file_.write(std::as_bytes(std::span(framed)));
}

}  // namespace albert::formats
