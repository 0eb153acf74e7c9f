// Times a case, once its parity check has passed.
#pragma once

#include <string>

#include "check/parity.h"

namespace albert::checks {

struct TimingReport {
  std::string case_name;
  std::string op;
  std::string instruction_set;
  std::string dtype;
  int threads;
  int64_t runs;
  double best_us;
  double median_us;
  double peak_share;       // of the peak in turns with the runs; 0 where that was not measured
  double calm_peak_share;  // the same of turns without neighbours; 0 where these were too few
  double flops;            // of one run, as the op counts them
  double bytes;            // read and written by one run, each number once

  double best_gflops() const { return flops / best_us * 1e-3; }
  double best_gigabytes_per_second() const { return bytes / best_us * 1e-3; }
};

/// Runs the case for a quarter of a second (at least 5 times), after one run to warm up, on one set
/// of buffers: the weights are as warm as the caches keep them. Throws Error{kBackend} with the
/// first failure if the results are wrong: a wrong kernel has no speed. Where the op computes much,
/// on the CPU, its peak is then measured in turns with it, so that whatever else loads the machine
/// (the other hyperthread of a core, say) slows both down. Not quite alike: it leaves a loop of
/// multiply-adds in registers its units, and takes half of the instructions that are fetched, and
/// ports of L1. So turns during which it rested are looked for, for two seconds.
TimingReport time_case(const ExpectedCase& expected, Backend& backend, int threads);

}  // namespace albert::checks
