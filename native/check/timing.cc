// Times a case, once its parity check has passed.
#include "check/timing.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"

namespace albert::checks {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kBudgetUs = 250e3;
constexpr size_t kFewestRuns = 5;
constexpr size_t kMostRuns = 100000;
constexpr int kEnqueuedTogether = 20;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

std::vector<double> sorted_durations(const BoundOp& op, Ops& ops, Backend& backend) {
  // Where calls return before they are done, some are timed together: the wait costs as much as
  // a short op.
  const int together = backend.in_host_memory() ? 1 : kEnqueuedTogether;
  op.run(ops);
  backend.synchronize();
  std::vector<double> durations;
  const Clock::time_point start = Clock::now();
  while (durations.size() < kFewestRuns ||
         (us_since(start) < kBudgetUs && durations.size() < kMostRuns)) {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < together; ++i) op.run(ops);
    backend.synchronize();
    durations.push_back(us_since(begin) / together);
  }
  std::sort(durations.begin(), durations.end());
  return durations;
}

/// The middle of the shares of several turns: peak, some runs, peak.
double share_of_peak(const BoundOp& op, Ops& ops, Backend& backend, int threads) {
  constexpr int kTurns = 15;
  constexpr double kTurnUs = 4e3;
  std::vector<double> shares;
  double before = backend.peak_flops(threads, 0);
  for (int turn = 0; turn < kTurns; ++turn) {
    int runs = 0;
    double us = 0;
    for (const Clock::time_point begin = Clock::now(); us < kTurnUs; us = us_since(begin)) {
      op.run(ops);
      ++runs;
    }
    const double after = backend.peak_flops(threads, 0);
    shares.push_back(op.flops * runs / (us * 1e-6) / ((before + after) / 2));
    before = after;
  }
  std::sort(shares.begin(), shares.end());
  return shares[kTurns / 2];
}

bool is_compute_bound(const BoundOp& op, const Backend& backend) {
  constexpr double kMuch = 1e7;
  return op.flops >= kMuch && std::string(backend.name()) == "cpu";
}

}  // namespace

TimingReport time_case(const ExpectedCase& expected, Backend& backend, int threads) {
  const ParityReport parity = check_parity(expected, backend);
  if (!parity.passed()) {
    throw Error(ErrorCode::kBackend,
                "check: " + parity.case_name + " is not timed, " + parity.failures.front());
  }
  Stage stage{backend};
  Fixture fixture(stage);
  const BoundOp op = expected.binder(fixture);
  const std::unique_ptr<Ops> executor = backend.executor(threads);
  const std::vector<double> durations = sorted_durations(op, *executor, backend);
  return {
      .case_name = parity.case_name,
      .op = parity.op,
      .instruction_set = parity.instruction_set,
      .dtype = parity.dtype,
      .threads = threads,
      .runs = int64_t(durations.size()),
      .best_us = durations.front(),
      .median_us = durations[durations.size() / 2],
      .peak_share = is_compute_bound(op, backend)
                        ? share_of_peak(op, *executor, backend, threads)
                        : 0,
      .flops = op.flops,
      .bytes = op.bytes,
  };
}

}  // namespace albert::checks
