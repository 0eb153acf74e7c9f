// Reading and checking a safetensors header.
#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "core/error.h"
#include "formats/json.h"

namespace albert::formats {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

namespace {

constexpr uint64_t kLengthBytes = 8;

std::optional<DType> dtype_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, DType>, 10> kNames = {{
      {"F64", DType::kF64},
      {"F32", DType::kF32},
      {"F16", DType::kF16},
      {"BF16", DType::kBF16},
      {"I64", DType::kI64},
      {"I32", DType::kI32},
      {"I16", DType::kI16},
      {"I8", DType::kI8},
      {"U8", DType::kU8},
      {"BOOL", DType::kU8},
  }};
  for (const auto& [known, dtype] : kNames) {
    if (known == name) return dtype;
  }
  return std::nullopt;
}

/// Explains what is wrong with one tensor's description; the caller adds the file.
[[noreturn]] void fail_entry(const std::string& name, const std::string& problem) {
  throw Error(ErrorCode::kFormat, "tensor " + quote_for_message(name) + ": " + problem);
}

const JsonValue& required_member(const JsonMember& tensor, const char* field) {
  const JsonValue* value = tensor.value.find(field);
  if (!value) fail_entry(tensor.name, std::string("expected a \"") + field + "\", got none");
  return *value;
}

std::vector<int64_t> parse_sizes(const JsonMember& tensor, const char* field) {
  const JsonArray* array = required_member(tensor, field).if_array();
  if (!array) fail_entry(tensor.name, std::string("expected \"") + field + "\" to be an array");
  std::vector<int64_t> sizes;
  sizes.reserve(array->size());
  for (const JsonValue& element : *array) {
    const int64_t* integer = element.if_integer();
    if (!integer || *integer < 0) {
      fail_entry(tensor.name, std::string("expected non-negative 64-bit integers in \"") + field +
                                  "\", got another value");
    }
    sizes.push_back(*integer);
  }
  return sizes;
}

/// The bytes that dtype and shape ask for (the elements, where the dtype is not known), or none
/// where the number overflows.
std::optional<uint64_t> bytes_asked_for(const SafetensorsEntry& entry) {
  int64_t bytes = entry.supported() ? int64_t(size_of(*entry.dtype)) : 1;
  for (int64_t dimension : entry.shape) {
    if (__builtin_mul_overflow(bytes, dimension, &bytes)) return std::nullopt;
  }
  return uint64_t(bytes);
}

void check_size(const SafetensorsEntry& entry) {
  const std::optional<uint64_t> bytes = bytes_asked_for(entry);
  const std::string description =
      quote_for_message(entry.dtype_name) + " " + entry.describe_shape();
  if (!bytes) fail_entry(entry.name, description + " overflows a 64-bit size");
  if (entry.supported() && *bytes != entry.bytes()) {
    fail_entry(entry.name, description + " takes " + std::to_string(*bytes) +
                               " bytes, its data_offsets span " + std::to_string(entry.bytes()));
  }
}

SafetensorsEntry parse_entry(const JsonMember& tensor, uint64_t data_bytes) {
  if (!tensor.value.if_object()) {
    fail_entry(tensor.name, std::string("expected an object, got ") + tensor.value.kind());
  }
  const std::string* dtype_name = required_member(tensor, "dtype").if_string();
  if (!dtype_name) fail_entry(tensor.name, "expected \"dtype\" to be a string");
  const std::vector<int64_t> offsets = parse_sizes(tensor, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    fail_entry(tensor.name, "expected \"data_offsets\" to be [begin, end] with begin <= end");
  }
  if (uint64_t(offsets[1]) > data_bytes) {
    fail_entry(tensor.name, "its data end at byte " + std::to_string(offsets[1]) +
                                ", the file has only " + std::to_string(data_bytes) +
                                " bytes of data (was it truncated?)");
  }
  SafetensorsEntry entry{tensor.name,           *dtype_name,
                         dtype_of(*dtype_name), parse_sizes(tensor, "shape"),
                         uint64_t(offsets[0]),  uint64_t(offsets[1])};
  check_size(entry);
  return entry;
}

}  // namespace

int64_t SafetensorsEntry::elements() const {
  int64_t product = 1;
  for (int64_t dimension : shape) product *= dimension;
  return product;
}

std::string SafetensorsEntry::describe_shape() const {
  constexpr size_t kMostShown = 16;
  std::string text = "[";
  for (size_t i = 0; i < std::min(shape.size(), kMostShown); ++i) {
    text += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() > kMostShown ? ", ...]" : "]");
}

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  SafetensorsFile file(path);
  const std::string header = file.read_header_text();
  try {
    file.parse_header(header);
    file.check_layout();
  } catch (const Error& error) {
    throw Error(error.code(), "safetensors: " + path + ": " + error.what());
  }
  return file;
}

/// The JSON text between the length and the data. Nothing is allocated before the length is known
/// to be possible.
std::string SafetensorsFile::read_header_text() {
  const std::string where = "safetensors: " + file_.path() + ": ";
  if (file_.size() < kLengthBytes) {
    throw Error(ErrorCode::kFormat,
                where + "expected at least 8 bytes, the file has " + std::to_string(file_.size()));
  }
  uint64_t length = 0;
  file_.read(0, std::as_writable_bytes(std::span(&length, 1)));
  const uint64_t limit = std::min(kMaxSafetensorsHeader, file_.size() - kLengthBytes);
  if (length > limit) {
    throw Error(ErrorCode::kFormat, where + "the header claims " + std::to_string(length) +
                                        " bytes, at most " + std::to_string(limit) +
                                        " are possible (truncated, or not a safetensors file?)");
  }
  std::string text(size_t(length), '\0');
  file_.read(kLengthBytes, std::as_writable_bytes(std::span(text)));
  data_begin_ = kLengthBytes + length;
  return text;
}

void SafetensorsFile::parse_header(const std::string& text) {
  const JsonValue header = parse_json(text);
  const JsonObject* object = header.if_object();
  if (!object) {
    throw Error(ErrorCode::kFormat,
                std::string("the header is ") + header.kind() + ", expected an object");
  }
  for (const JsonMember& member : object->members()) {
    if (member.name == "__metadata__") {
      add_metadata(member.value);
    } else {
      entries_.emplace(member.name, parse_entry(member, file_.size() - data_begin_));
    }
  }
}

void SafetensorsFile::add_metadata(const JsonValue& value) {
  const JsonObject* object = value.if_object();
  if (!object) throw Error(ErrorCode::kFormat, "expected \"__metadata__\" to be an object");
  for (const JsonMember& member : object->members()) {
    const std::string* text = member.value.if_string();
    if (!text) {
      throw Error(ErrorCode::kFormat, "expected only strings in \"__metadata__\", " +
                                          quote_for_message(member.name) + " is " +
                                          member.value.kind());
    }
    metadata_.emplace(member.name, *text);
  }
}

void SafetensorsFile::check_layout() const {
  std::vector<const SafetensorsEntry*> ordered;
  ordered.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t covered = 0;
  for (const SafetensorsEntry* entry : ordered) {
    if (entry->begin != covered) {
      const char* problem = entry->begin < covered ? "overlaps another tensor at byte "
                                                   : "is preceded by bytes of no tensor at ";
      fail_entry(entry->name, problem + std::to_string(std::min(entry->begin, covered)));
    }
    covered = entry->end;
  }
  const uint64_t data_bytes = file_.size() - data_begin_;
  if (covered != data_bytes) {
    throw Error(ErrorCode::kFormat, "the tensors end at byte " + std::to_string(covered) +
                                        " of the data, the file has " + std::to_string(data_bytes) +
                                        " bytes of data");
  }
}

void SafetensorsFile::read(const SafetensorsEntry& entry, std::span<std::byte> destination,
                           uint64_t first_byte) const {
  if (first_byte > entry.bytes() || destination.size() > entry.bytes() - first_byte) {
    throw Error(ErrorCode::kShape, "safetensors: tensor " + quote_for_message(entry.name) +
                                       " has " + std::to_string(entry.bytes()) + " bytes, asked " +
                                       std::to_string(destination.size()) + " from byte " +
                                       std::to_string(first_byte));
  }
  file_.read(data_begin_ + entry.begin + first_byte, destination);
}

}  // namespace albert::formats
