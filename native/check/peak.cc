// What this machine can do at most.
#include "check/peak.h"

#include "core/thread_pool.h"

namespace albert::checks {

PeakReport measure_peak(const BackendOptions& options, size_t working_set, int threads) {
  const std::shared_ptr<Backend> backend = open_backend(options);
  const int width = threads > 0 ? threads : thread_budget().threads;
  if (working_set == 0) {
    constexpr double kSeconds = 0.2;
    return {.flops = backend->peak_flops(width, kSeconds), .bytes = 0, .threads = width};
  }
  return {.flops = 0, .bytes = backend->peak_bytes(width, working_set), .threads = width};
}

}  // namespace albert::checks
