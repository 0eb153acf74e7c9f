// The one exception type of the library: a code that callers can act on, and a message for people.
#pragma once

#include <stdexcept>
#include <string>

namespace albert {

/// What went wrong, in the vocabulary of the public API (see README, "Errors").
enum class ErrorCode {
  kConfig,    ///< ERR_CONFIG: a model configuration is missing a field or contradicts itself
  kFormat,    ///< ERR_FORMAT: a file is not what it claims to be
  kShape,     ///< ERR_SHAPE: a tensor does not have the shape an operation or model needs
  kBackend,   ///< ERR_BACKEND: a device or instruction set is missing or refused
  kMemory,    ///< ERR_MEMORY: an allocation would not fit
  kDisposed,  ///< ERR_DISPOSED: the object was disposed of
  kBusy,      ///< ERR_BUSY: a bounded queue is full
  kNotFound,  ///< ERR_NOT_FOUND: a file or tensor does not exist
  kDiverged,  ///< ERR_DIVERGED: training produced non-finite values
  kIo,        ///< ERR_IO: the operating system refused to read or write
  kAborted,   ///< AbortError: the caller's signal fired
  kType,      ///< TypeError: an argument has the wrong type
  kRange,     ///< RangeError: an argument has a value outside its range
};

/// The name JavaScript sees ("ERR_CONFIG", ...);
/// kType, kRange and kAborted give "TypeError", "RangeError", "AbortError".
const char* name_of(ErrorCode code) noexcept;

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace albert
