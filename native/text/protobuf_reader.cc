// The protobuf wire format: varints, fixed-width numbers and length-delimited bytes.
#include "text/protobuf_reader.h"

#include <bit>
#include <string>

#include "core/error.h"

namespace albert::text {
namespace {

[[noreturn]] void fail(const std::string& what, size_t position) {
  throw Error(ErrorCode::kFormat, "SentencePiece model: " + what + " at byte " +
                                      std::to_string(position) +
                                      " of a message; the file is damaged or not a "
                                      "SentencePiece model");
}

WireType wire_type_of(uint64_t tag, size_t position) {
  switch (tag & 7) {
    case 0: return WireType::kVarint;
    case 1: return WireType::kFixed64;
    case 2: return WireType::kBytes;
    case 5: return WireType::kFixed32;
    default: fail("unknown protobuf wire type " + std::to_string(tag & 7), position);
  }
}

}  // namespace

bool ProtobufReader::next() {
  if (pending_) skip();
  if (position_ == message_.size()) return false;
  const uint64_t tag = read_varint();
  constexpr uint64_t kLargestField = (uint64_t{1} << 29) - 1;
  if (tag >> 3 == 0 || tag >> 3 > kLargestField) fail("impossible field number", position_);
  field_ = uint32_t(tag >> 3);
  type_ = wire_type_of(tag, position_);
  pending_ = true;
  return true;
}

bool ProtobufReader::read_bool() {
  expect(WireType::kVarint);
  return read_varint() != 0;
}

int32_t ProtobufReader::read_int32() {
  expect(WireType::kVarint);
  return int32_t(uint32_t(read_varint()));  // a negative number arrives as 64 bits
}

float ProtobufReader::read_float() {
  expect(WireType::kFixed32);
  const std::string_view bytes = take(sizeof(float));
  uint32_t bits = 0;
  for (size_t i = 0; i < bytes.size(); ++i) bits |= uint32_t(uint8_t(bytes[i])) << (8 * i);
  return std::bit_cast<float>(bits);
}

std::string_view ProtobufReader::read_bytes() {
  expect(WireType::kBytes);
  return take(read_varint());
}

void ProtobufReader::expect(WireType type) {
  if (!pending_ || type_ != type) {
    fail("field " + std::to_string(field_) + " has an unexpected wire type", position_);
  }
  pending_ = false;
}

uint64_t ProtobufReader::read_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ == message_.size()) fail("truncated number", position_);
    const auto byte = uint8_t(message_[position_++]);
    value |= uint64_t(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail("number of more than 64 bits", position_);
}

std::string_view ProtobufReader::take(uint64_t size) {
  if (size > message_.size() - position_) {
    fail("field " + std::to_string(field_) + " of " + std::to_string(size) +
             " bytes runs past the end",
         position_);
  }
  const std::string_view bytes = message_.substr(position_, size_t(size));
  position_ += size_t(size);
  return bytes;
}

void ProtobufReader::skip() {
  pending_ = false;
  switch (type_) {
    case WireType::kVarint: read_varint(); return;
    case WireType::kFixed64: take(8); return;
    case WireType::kBytes: take(read_varint()); return;
    case WireType::kFixed32: take(4); return;
  }
}

}  // namespace albert::text
