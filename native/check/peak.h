// What this machine can do at most, in the same process and on the same pool as the cases.
#pragma once

#include <cstddef>

#include "ops/backend.h"

namespace albert::checks {

struct PeakReport {
  double flops;  // a second, in registers; 0 where only bytes were asked for
  double bytes;  // a second, over the working set; 0 where none was asked for
  int threads;
};

/// Measures for about half a second: bytes a second over a working set of `working_set` bytes, or
/// operations a second where it is 0. `threads` 0 means as many as the process may use. Throws
/// Error{kBackend} for an unknown backend.
PeakReport measure_peak(const BackendOptions& options, size_t working_set, int threads = 0);

}  // namespace albert::checks
