// Reads and writes tf.train.Example.
#include "formats/tf_example.h"

#include <algorithm>
#include <bit>

#include "core/error.h"
#include "formats/utf8.h"

namespace albert::formats {

namespace {

/// Names are compared one by one.
constexpr size_t kMostFeatures = 4096;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// The fields of one message, in place.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : rest_(message) {}

  bool next() {
    if (rest_.empty()) return false;
    const uint64_t tag = varint();
    field = tag >> 3;
    type = uint32_t(tag & 7);
    return true;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = uint8_t(take(1)[0]);
      value |= uint64_t(byte & 0x7fu) << shift;
      if (byte < 0x80) return value;
    }
    refuse("a number of more than 64 bits");
  }

  float fixed32() {
    const std::string_view bytes = take(4);
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; ++i) bits |= uint32_t(uint8_t(bytes[i])) << (8 * i);
    return std::bit_cast<float>(bits);
  }

  std::string_view bytes() { return take(varint()); }
  bool empty() const { return rest_.empty(); }

  void skip() {
    if (type == kVarint) {
      varint();
    } else if (type == kBytes) {
      bytes();
    } else if (type == kFixed64 || type == kFixed32) {
      take(type == kFixed64 ? 8 : 4);
    } else {
      refuse("wire type " + std::to_string(type));
    }
  }

  [[noreturn]] static void refuse(const std::string& what) {
    throw Error(ErrorCode::kFormat, "not a tf.train.Example: " + what);
  }

  uint64_t field = 0;
  uint32_t type = 0;

 private:
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) refuse("a field runs past the end of its message");
    const std::string_view taken = rest_.substr(0, size_t(count));
    rest_.remove_prefix(size_t(count));
    return taken;
  }

  std::string_view rest_;
};

/// Visits the occurrences of field 1, which is all that these messages have, and skips others.
template <class Visit>
void for_each_value(std::string_view message, const Visit& visit) {
  for (MessageReader reader(message); reader.next();) {
    if (reader.field != 1 || !visit(reader)) reader.skip();
  }
}

std::vector<std::string> parse_bytes(std::string_view list) {
  std::vector<std::string> values;
  for_each_value(list, [&](MessageReader& reader) {
    if (reader.type != kBytes) return false;
    values.emplace_back(reader.bytes());
    return true;
  });
  return values;
}

/// A list of numbers: one a field, or many packed into one.
template <class T, class Read>
std::vector<T> parse_numbers(std::string_view list, WireType type, const Read& read) {
  std::vector<T> values;
  for_each_value(list, [&](MessageReader& reader) {
    if (reader.type != type && reader.type != kBytes) return false;
    if (reader.type == type) {
      values.push_back(read(reader));
    } else {
      for (MessageReader packed(reader.bytes()); !packed.empty();) values.push_back(read(packed));
    }
    return true;
  });
  return values;
}

TfFeature parse_feature(std::string_view message) {
  TfFeature feature;
  for (MessageReader reader(message); reader.next();) {
    if (reader.type != kBytes || reader.field < 1 || reader.field > 3) {
      reader.skip();
      continue;
    }
    const std::string_view list = reader.bytes();
    if (reader.field == 1) feature = parse_bytes(list);
    if (reader.field == 2) {
      feature = parse_numbers<float>(list, kFixed32, [](MessageReader& r) { return r.fixed32(); });
    }
    if (reader.field == 3) {
      feature = parse_numbers<int64_t>(list, kVarint,
                                       [](MessageReader& r) { return int64_t(r.varint()); });
    }
  }
  return feature;
}

void parse_entry(std::string_view message, TfExample& example) {
  std::string name;
  TfFeature feature;
  for (MessageReader reader(message); reader.next();) {
    if (reader.type == kBytes && reader.field == 1) {
      name = reader.bytes();
    } else if (reader.type == kBytes && reader.field == 2) {
      feature = parse_feature(reader.bytes());
    } else {
      reader.skip();
    }
  }
  if (valid_utf8_prefix(name) != name.size()) MessageReader::refuse("a name is not UTF-8");
  const auto same = std::find_if(example.begin(), example.end(),
                                 [&](const auto& known) { return known.first == name; });
  if (same == example.end() && example.size() == kMostFeatures) {
    MessageReader::refuse("more than " + std::to_string(kMostFeatures) + " features");
  }
  if (same != example.end()) {
    same->second = std::move(feature);
  } else {
    example.emplace_back(std::move(name), std::move(feature));
  }
}

void append_varint(std::string& message, uint64_t value) {
  for (; value >= 0x80; value >>= 7) message += char(uint8_t(value) | 0x80u);
  message += char(value);
}

void append_field(std::string& message, uint64_t field, std::string_view bytes) {
  append_varint(message, field << 3 | kBytes);
  append_varint(message, bytes.size());
  message += bytes;
}

std::string serialize_list(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) append_field(list, 1, value);
  return list;
}

std::string serialize_list(const std::vector<float>& values) {
  std::string packed, list;
  for (const float value : values) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) packed += char(bits >> shift);
  }
  if (!packed.empty()) append_field(list, 1, packed);
  return list;
}

std::string serialize_list(const std::vector<int64_t>& values) {
  std::string packed, list;
  for (const int64_t value : values) append_varint(packed, uint64_t(value));
  if (!packed.empty()) append_field(list, 1, packed);
  return list;
}

}  // namespace

TfExample parse_tf_example(std::string_view message) {
  TfExample example;
  for_each_value(message, [&](MessageReader& reader) {
    if (reader.type != kBytes) return false;
    for_each_value(reader.bytes(), [&](MessageReader& features) {
      if (features.type != kBytes) return false;
      parse_entry(features.bytes(), example);
      return true;
    });
    return true;
  });
  return example;
}

std::string serialize_tf_example(const TfExample& example) {
  std::string features;
  for (const auto& [name, feature] : example) {
    const auto serialize = [](const auto& values) { return serialize_list(values); };
    std::string message, entry;
    append_field(message, feature.index() + 1, std::visit(serialize, feature));
    append_field(entry, 1, name);
    append_field(entry, 2, message);
    append_field(features, 1, entry);
  }
  std::string message;
  append_field(message, 1, features);
  return message;
}

}  // namespace albert::formats
