// Temporary folders, and the exchange of two names in one step.
#include "formats/atomic_folder.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/error.h"
#include "formats/file.h"

namespace albert::formats {

namespace {

namespace fs = std::filesystem;

std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

/// Makes the names in a folder durable. Some network file systems cannot, and say EINVAL; the files
/// themselves are safe.
bool sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.number() >= 0 && (::fsync(folder.number()) == 0 || errno == EINVAL);
}

bool exchange_names(const std::string& a, const std::string& b) {
  return ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

/// Whether a folder may be thrown away for a new one of its kind.
bool replaceable(const std::string& path, const std::string& mark) {
  std::error_code error;
  if (fs::is_empty(path, error)) return !error;
  if (!fs::exists(fs::path(path) / mark, error)) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (entry.is_directory(error)) return false;
  }
  return !error;
}

}  // namespace

AtomicFolder::AtomicFolder(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  const fs::path whole(path_);
  const std::string name = whole.filename().string();
  if (name.empty() || name == "." || name == "..") fail("it does not name a folder");
  parent_ = whole.has_parent_path() ? whole.parent_path().string() : ".";
  const std::string hidden = "." + name + ".tmp-" + std::to_string(::getpid()) + "-XXXXXX";
  std::string candidate = (fs::path(parent_) / hidden).string();
  if (::mkdtemp(candidate.data()) == nullptr) fail(reason_of(errno));
  temporary_ = std::move(candidate);
  std::error_code ignored;  // mkdtemp makes it private; the final folder is like any other
  fs::permissions(temporary_, fs::perms(0755), ignored);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit(const std::string& mark) {
  if (!sync_folder(temporary_)) fail(reason_of(errno));
  if (::rename(temporary_.c_str(), path_.c_str()) == 0) {
    temporary_.clear();
  } else if (errno == ENOTEMPTY || errno == EEXIST) {
    replace(mark);
  } else {
    fail(reason_of(errno));
  }
  if (!sync_folder(parent_)) fail(reason_of(errno));
}

void AtomicFolder::replace(const std::string& mark) {
  if (!replaceable(path_, mark)) {
    fail("it holds other things than a checkpoint; choose another folder, or empty it");
  }
  // Behind this the old folder has the temporary name, and is removed with it.
  if (exchange_names(temporary_, path_)) return;
  // A file system without exchange: for a moment there is neither, the new one lies beside.
  std::error_code error;
  fs::remove_all(path_, error);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(reason_of(errno));
  temporary_.clear();
}

void AtomicFolder::fail(const std::string& reason) const {
  throw Error(ErrorCode::kIo, "cannot write the folder " + path_ + ": " + reason);
}

}  // namespace albert::formats
