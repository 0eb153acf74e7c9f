// Files of the operating system: reading at any offset, and writing that is all or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace albert::formats {

/// Owns a POSIX file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const { return number_; }
  /// Gives the descriptor up; the caller closes it.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Two files with equal identities hold the same bytes, as far as the file system tells.
struct FileIdentity {
  uint64_t device;
  uint64_t inode;
  uint64_t size;
  int64_t modified_ns;  // since 1970

  bool operator==(const FileIdentity&) const = default;
  std::string to_string() const;
};

/// A regular file opened for reading with pread. It is never mapped: the pages come from the same
/// cache and are copied once, to where they are needed, just as a loader would copy them out of a
/// mapping; but when another process truncates the file, this is an Error and a mapping a SIGBUS.
class RandomAccessFile {
 public:
  /// Throws Error{kNotFound} where nothing of that name exists, Error{kIo} for a directory, another
  /// thing that is no regular file, or a file that may not be read.
  explicit RandomAccessFile(std::string path);

  const std::string& path() const { return path_; }
  const FileIdentity& identity() const { return identity_; }  // when it was opened
  uint64_t size() const { return identity_.size; }

  /// Fills the destination from that offset on. Safe from several threads at once. Throws
  /// Error{kFormat} where the file ends before that, Error{kIo} where the system cannot read.
  void read(uint64_t offset, std::span<std::byte> destination) const;
  /// The whole file. Throws Error{kFormat} where it is longer than the limit.
  std::string read_all(uint64_t max_bytes) const;

 private:
  std::string path_;
  Descriptor descriptor_;
  FileIdentity identity_;
};

/// Writes a file under a temporary name in the same directory; commit() gives it its own name.
/// Until then, and whatever fails, a file that had that name stays as it was. What was not
/// committed is removed. Every failure is an Error{kIo} that names the path and the reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends. Small pieces are collected before they are handed to the system.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Makes it durable (file, then directory) under its own name. Nothing can be written after it.
  void commit();

 private:
  void create_temporary();
  void flush();
  void write_through(std::span<const std::byte> bytes);
  void discard() noexcept;
  [[noreturn]] void fail(const char* action);

  std::string path_;
  std::string name_;  // of the file inside its directory
  std::string temporary_name_;
  Descriptor directory_;
  Descriptor file_;
  std::vector<std::byte> buffer_;
};

/// An AtomicFile in one call.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace albert::formats
