// Names of the error codes.
#include "core/error.h"

namespace albert {

const char* name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kConfig:
      return "ERR_CONFIG";
    case ErrorCode::kFormat:
      return "ERR_FORMAT";
    case ErrorCode::kShape:
      return "ERR_SHAPE";
    case ErrorCode::kBackend:
      return "ERR_BACKEND";
    case ErrorCode::kMemory:
      return "ERR_MEMORY";
    case ErrorCode::kDisposed:
      return "ERR_DISPOSED";
    case ErrorCode::kBusy:
      return "ERR_BUSY";
    case ErrorCode::kNotFound:
      return "ERR_NOT_FOUND";
    case ErrorCode::kDiverged:
      return "ERR_DIVERGED";
    case ErrorCode::kIo:
      return "ERR_IO";
    case ErrorCode::kAborted:
      return "AbortError";
    case ErrorCode::kType:
      return "TypeError";
    case ErrorCode::kRange:
      return "RangeError";
  }
  return "ERR_INTERNAL";
}

}  // namespace albert
