// NVIDIA's GPUs behind the backend door.
#pragma once

#include <memory>
#include <string>

#include "ops/backend.h"

namespace albert {

/// The device "cuda" or "cuda:<index>" with the options' dtype and allow_tf32. Throws
/// Error{kBackend} where driver, library or device is missing: which, and what to do.
std::shared_ptr<Backend> open_cuda_backend(const std::string& device,
                                           const BackendOptions& options);

/// Whether "auto" should try: there is a driver, or somebody named the library.
bool is_cuda_likely();

}  // namespace albert
