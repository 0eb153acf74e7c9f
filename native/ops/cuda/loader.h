// Finds and opens the library albert_cuda, and says what is missing where it cannot.
#pragma once

#include <string>

#include "ops/cuda/library.h"

namespace albert::cuda {

/// The library, opened at first use and kept. Throws Error{kBackend}: which of driver, library and
/// version is missing, and what to do. ALBERT_CUDA_LIBRARY names the file to open; else it lies
/// beside the binary that this code is part of.
const Library& library();

/// Whether ALBERT_CUDA_LIBRARY names a file.
bool is_library_named();

/// Whether this machine has NVIDIA's driver.
bool has_driver();

/// Throws what a call left in its status.
void check(const Status& status);

}  // namespace albert::cuda
