// A folder of files that appears under its name as a whole, or not at all.
#pragma once

#include <string>

namespace albert::formats {

/// Files are written to temporary(), a hidden folder beside the final one; commit() gives it its
/// name. Whatever fails until then, and wherever the process dies, a folder that had that name
/// stays as it was. What was not committed is removed, unless the process dies: then a folder
/// named ".<name>.tmp-<process id>-…" is left.
class AtomicFolder {
 public:
  /// Throws Error{kIo} that names the path and the reason.
  explicit AtomicFolder(std::string path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::string& temporary() const { return temporary_; }

  /// Makes it durable under its own name. A folder of that name is replaced if it is empty or holds
  /// a file `mark`, and no folders; else this throws Error{kIo}.
  void commit(const std::string& mark);

 private:
  void replace(const std::string& mark);
  [[noreturn]] void fail(const std::string& reason) const;

  std::string path_;
  std::string parent_;
  std::string temporary_;  // empty once there is none
};

}  // namespace albert::formats
