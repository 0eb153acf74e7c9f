// Opens albert_cuda by dlopen, once.
#include "ops/cuda/loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <vector>

namespace albert::cuda {

namespace {

constexpr char kFileName[] = "libalbert_cuda.so";
constexpr char kVariable[] = "ALBERT_CUDA_LIBRARY";

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::kBackend, "cuda: " + reason);
}

/// The folder of the binary that this function is in, with a slash.
std::string own_folder() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

/// The file to open, or "" where there is none.
std::string find_file() {
  if (is_library_named()) return std::getenv(kVariable);
  for (const std::string& folder : {own_folder(), own_folder() + "Release/"}) {
    const std::string path = folder + kFileName;
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return "";
}

const Library* enter(void* handle, const std::string& path) {
  const auto entry = reinterpret_cast<LibraryEntry>(dlsym(handle, kLibraryEntry));
  if (entry == nullptr) refuse(path + " has no " + kLibraryEntry + "; it is another library");
  const Library* found = entry(kLibraryVersion);
  if (found == nullptr || found->version != kLibraryVersion ||
      found->layout != CrossingOps::layout()) {
    refuse(path + " was built from another version of albert-native; build it again with "
                  "\"npm run build:cuda\"");
  }
  return found;
}

const Library* open_library() {
  const std::string path = find_file();
  if (!is_library_named() && !has_driver()) {
    refuse("this machine has no NVIDIA driver (libcuda.so.1); install it, or use device \"cpu\"");
  }
  if (path.empty()) {
    refuse(std::string("the library ") + kFileName + " is not beside the addon (" + own_folder() +
           "); build it with \"npm run build:cuda\", or name it by " + kVariable);
  }
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    refuse(std::string("the library cannot be opened: ") + dlerror() +
           "; it needs cuBLAS of the CUDA version that it was built with");
  }
  return enter(handle, path);
}

}  // namespace

bool has_driver() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

bool is_library_named() {
  const char* wish = std::getenv(kVariable);
  return wish != nullptr && *wish != '\0';
}

const Library& library() {
  // A failure is not kept: the next attempt may find what was missing.
  static std::mutex& mutex = *new std::mutex;
  static const Library* opened = nullptr;
  const std::lock_guard lock(mutex);
  if (opened == nullptr) opened = open_library();
  return *opened;
}

void check(const Status& status) {
  if (status.failed) throw Error(status.code, status.message);
}

}  // namespace albert::cuda
