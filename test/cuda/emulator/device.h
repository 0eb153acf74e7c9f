// The emulated device's state that launches share with the runtime's interface.
#pragma once

#include "cuda_runtime.h"

namespace emulator {

/// What cudaGetLastError() returns next.
void set_last_error(cudaError_t error);

}  // namespace emulator
