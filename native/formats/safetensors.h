// Reader of the safetensors format: a length, a JSON header that describes tensors, their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "formats/file.h"

namespace albert::formats {

class JsonValue;

/// The longest header that the format's reference implementation accepts.
constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;

/// What the header says of one tensor: row-major, little-endian, of any rank (a scalar has 0).
struct SafetensorsEntry {
  std::string name;
  std::string dtype_name;      // as the file spells it: "F32", "BF16", ...
  std::optional<DType> dtype;  // none: an element type that this reader does not know
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes, counted from the end of the header
  uint64_t end = 0;

  /// Whether the elements can be read as numbers. Other tensors only take part in the checks.
  bool supported() const { return dtype.has_value(); }
  uint64_t bytes() const { return end - begin; }
  int64_t elements() const;
  /// "[128, 768]".
  std::string describe_shape() const;
};

/// An open file whose header has been checked: every tensor lies inside the file, has the length
/// that its shape asks for, and the tensors cover the data without overlap or hole.
class SafetensorsFile {
 public:
  using Entries = std::map<std::string, SafetensorsEntry, std::less<>>;

  /// Throws Error{kNotFound} or Error{kIo} (see RandomAccessFile), and Error{kFormat} for a file
  /// that breaks the format, before more than its own size is allocated for the header.
  static SafetensorsFile open(const std::string& path);

  /// By name.
  const Entries& entries() const { return entries_; }
  /// The "__metadata__" of the header; {"format": "pt"} in files that PyTorch tools wrote.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const RandomAccessFile& file() const { return file_; }

  /// Fills the destination with the bytes of the tensor from that byte on. Safe from several
  /// threads at once (see RandomAccessFile on why this copies and does not map).
  void read(const SafetensorsEntry& entry, std::span<std::byte> destination,
            uint64_t first_byte = 0) const;

 private:
  explicit SafetensorsFile(const std::string& path) : file_(path) {}
  std::string read_header_text();
  void parse_header(const std::string& text);
  void add_metadata(const JsonValue& value);
  void check_layout() const;

  RandomAccessFile file_;
  uint64_t data_begin_ = 0;
  Entries entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace albert::formats
