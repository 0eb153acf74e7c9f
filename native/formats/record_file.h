// TFRecord files: a sequence of byte strings, each with its length and checksums.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/file.h"

namespace albert::formats {

/// A record as it lies in a file: length, checksum, data, checksum. Throws Error{kRange} for more
/// than 256 MiB.
std::string frame_record(std::string_view record);

/// Reads records one after the other; holds one record. Messages name the file, the record and its
/// offset.
class RecordReader {
 public:
  /// Throws what RandomAccessFile throws.
  explicit RecordReader(std::string path);

  /// The next record; false at the end of the file. Throws Error{kFormat} where the file ends
  /// inside a record, a checksum differs, a record is said to have more than 256 MiB, or the file
  /// is compressed.
  bool next(std::string& record);

  int64_t records() const { return records_; }  // read so far

 private:
  [[noreturn]] void refuse(const std::string& what) const;
  void read_exactly(std::span<std::byte> destination, const char* what);

  RandomAccessFile file_;
  uint64_t offset_ = 0;
  int64_t records_ = 0;
};

/// Writes records; the file appears under its name when it is complete.
class RecordWriter {
 public:
  /// Throws what AtomicFile throws.
  explicit RecordWriter(std::string path) : file_(std::move(path)) {}

  void write(std::string_view record);
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
};

}  // namespace albert::formats
