// Reads the protobuf wire format in place, one field at a time; nothing is copied or allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace albert::text {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Every read is checked against the end of the message; a message that lies throws
/// Error{kFormat}. The bytes must outlive the reader and every view it returns.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : message_(message) {}

  /// Moves to the next field, skipping a value that was not read; false at the end.
  bool next();

  uint32_t field() const { return field_; }

  // The value of the current field, at most once for each. Throws where the wire type differs.
  bool read_bool();
  int32_t read_int32();
  float read_float();
  std::string_view read_bytes();

 private:
  void expect(WireType type);
  uint64_t read_varint();
  std::string_view take(uint64_t size);
  void skip();

  std::string_view message_;
  size_t position_ = 0;
  uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
  bool pending_ = false;
};

}  // namespace albert::text
