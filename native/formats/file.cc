// Reading with pread, and writing through a temporary file, fsync and rename.
#include "formats/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "core/error.h"

namespace albert::formats {

namespace {

constexpr size_t kLargestTransfer = size_t{1} << 30;  // Linux moves at most 2 GiB - 4 KiB a call
constexpr size_t kBufferBytes = size_t{1} << 20;

std::string reason(int error_number) {
  return std::generic_category().message(error_number);
}

FileIdentity identity_of(const struct stat& status) {
#ifdef __APPLE__
  const timespec& modified = status.st_mtimespec;
#else
  const timespec& modified = status.st_mtim;
#endif
  return {uint64_t(status.st_dev), uint64_t(status.st_ino), uint64_t(status.st_size),
          int64_t(modified.tv_sec) * 1'000'000'000 + modified.tv_nsec};
}

Descriptor open_for_reading(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kNotFound, "a path must not contain a NUL character");
  }
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    throw Error(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
                "cannot open " + path + ": " + reason(errno));
  }
  return Descriptor(number);
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string FileIdentity::to_string() const {
  return std::to_string(device) + ":" + std::to_string(inode) + ":" + std::to_string(size) + ":" +
         std::to_string(modified_ns);
}

RandomAccessFile::RandomAccessFile(std::string path)
    : path_(std::move(path)), descriptor_(open_for_reading(path_)) {
  struct stat status;
  if (::fstat(descriptor_.number(), &status) != 0) {
    throw Error(ErrorCode::kIo, "cannot examine " + path_ + ": " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    const char* kind = S_ISDIR(status.st_mode) ? "a directory" : "not a regular file";
    throw Error(ErrorCode::kIo, "cannot read " + path_ + ": expected a file, it is " + kind);
  }
  identity_ = identity_of(status);
}

void RandomAccessFile::read(uint64_t offset, std::span<std::byte> destination) const {
  if (offset > size() || destination.size() > size() - offset) {
    throw Error(ErrorCode::kFormat, path_ + ": expected " + std::to_string(destination.size()) +
                                        " bytes at offset " + std::to_string(offset) +
                                        ", the file has " + std::to_string(size()) + " bytes");
  }
  while (!destination.empty()) {
    const size_t wanted = std::min(destination.size(), kLargestTransfer);
    const ssize_t count = ::pread(descriptor_.number(), destination.data(), wanted, off_t(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorCode::kIo, "cannot read " + path_ + ": " + reason(errno));
    if (count == 0) {
      throw Error(ErrorCode::kFormat, path_ + " was truncated while being read");
    }
    destination = destination.subspan(size_t(count));
    offset += uint64_t(count);
  }
}

std::string RandomAccessFile::read_all(uint64_t max_bytes) const {
  if (size() > max_bytes) {
    throw Error(ErrorCode::kFormat, path_ + ": expected at most " + std::to_string(max_bytes) +
                                        " bytes, it has " + std::to_string(size()));
  }
  std::string text(size_t(size()), '\0');
  read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  const size_t slash = path_.rfind('/');
  name_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  const std::string directory =
      slash == std::string::npos ? "." : path_.substr(0, std::max<size_t>(slash, 1));
  if (name_.empty() || name_ == "." || name_ == ".." || path_.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kIo, "cannot write " + path_ + ": it does not name a file");
  }
  directory_ = Descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory_.number() < 0) fail("open the directory of");
  create_temporary();
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::create_temporary() {
  static std::atomic<uint64_t> counter = 0;
  // Another process may hold the name, one with the same number in another container included.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::string candidate =
        ".albert-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
    file_ = Descriptor(::openat(directory_.number(), candidate.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file_.number() >= 0) {
      temporary_name_ = std::move(candidate);
      return;
    }
    if (errno != EEXIST) break;
  }
  fail("create a temporary file for");
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) return write_through(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void AtomicFile::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void AtomicFile::write_through(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t wanted = std::min(bytes.size(), kLargestTransfer);
    const ssize_t count = ::write(file_.number(), bytes.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    bytes = bytes.subspan(size_t(count));
  }
}

void AtomicFile::commit() {
  flush();
  if (::fsync(file_.number()) != 0) fail("write");
  if (::close(file_.release()) != 0) fail("write");
  const int directory = directory_.number();
  if (::renameat(directory, temporary_name_.c_str(), directory, name_.c_str()) != 0) {
    fail("replace");
  }
  temporary_name_.clear();
  // Some network file systems cannot sync a directory and say EINVAL; the file itself is safe.
  if (::fsync(directory) != 0 && errno != EINVAL) fail("sync the directory of");
}

void AtomicFile::discard() noexcept {
  if (temporary_name_.empty()) return;
  ::unlinkat(directory_.number(), temporary_name_.c_str(), 0);
  temporary_name_.clear();
}

void AtomicFile::fail(const char* action) {
  const int error_number = errno;
  discard();
  file_ = Descriptor();  // so that nothing can be written after a failure
  throw Error(ErrorCode::kIo,
              std::string("cannot ") + action + " " + path_ + ": " + reason(error_number));
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace albert::formats
