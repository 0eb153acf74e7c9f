// Lines of a text file, read in passing; refuses what is not text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "formats/file.h"

namespace albert::data {

/// Where a line begins.
struct LinePosition {
  uint64_t offset = 0;  // bytes
  int64_t line = 0;     // lines before it

  bool operator==(const LinePosition&) const = default;
};

/// Holds one buffer, whatever the file's size.
class LineReader {
 public:
  /// Throws what RandomAccessFile throws, and Error{kFormat} for a start behind the file's end.
  LineReader(std::string path, const LinePosition& start);

  /// The next line without its end (\n or \r\n), valid until the next call; false behind the last
  /// line. Throws Error{kFormat}, naming file and line, for NUL bytes, invalid UTF-8 and lines of
  /// more than 16 MiB.
  bool next(std::string_view& line);

  /// Where the next line begins.
  const LinePosition& position() const { return position_; }

 private:
  size_t find_line_end();
  bool fill();
  void check(std::string_view line) const;
  [[noreturn]] void refuse(const std::string& what) const;

  formats::RandomAccessFile file_;
  std::string buffer_;
  size_t begin_ = 0;  // of the next line in the buffer
  uint64_t read_to_;  // offset in the file of the buffer's end
  LinePosition position_;
};

}  // namespace albert::data
