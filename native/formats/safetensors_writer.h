// Writer of safetensors files: atomic, and without a second copy of the tensors in memory.
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/tensor.h"

namespace albert::formats {

/// One tensor and how its elements are to be stored.
struct TensorToWrite {
  std::string name;
  Tensor tensor;  // f32 or f64; rows may be strided
  DType stored;   // its own; from f32 also kBF16, from f64 kF32: rounded to nearest, ties to even
};

/// Writes the file under a temporary name and renames it (see AtomicFile). The tensors keep the
/// given order, except that wider elements come first, so that every one is aligned. Throws
/// Error{kIo}; Error{kFormat} for names that are not UTF-8, are reserved or occur twice;
/// Error{kType} for tensors that are none or of other types.
void write_safetensors(const std::string& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace albert::formats
