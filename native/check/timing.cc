// Times a case, once its parity check has passed.
#include "check/timing.h"

#include <algorithm>
#include <atomic>
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

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The rate that a tenth of many measurements on one thread exceed, whatever disturbed some of
/// them: that of a core which nobody else uses, if it was so for that long.
double best_fetch_rate(Backend& backend) {
  constexpr double kBudgetUs = 300e3;
  std::vector<double> rates;
  for (const Clock::time_point start = Clock::now(); us_since(start) < kBudgetUs;) {
    rates.push_back(backend.fetch_rate(1));
  }
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() - 1 - rates.size() / 10];
}

/// Tells whether no other hyperthread works on the threads' cores.
class Neighbours {
 public:
  Neighbours(Backend& backend, int threads) : backend_(backend), threads_(threads) {
    const double here = best_fetch_rate(backend);
    for (double known = best_; here > known && !best_.compare_exchange_weak(known, here);) {
    }
  }
  bool rest() const {
    constexpr double kNearly = 0.9;
    return backend_.fetch_rate(threads_) >= kNearly * best_;
  }

 private:
  static inline std::atomic<double> best_ = 0;  // of all cases so far

  Backend& backend_;
  int threads_;
};

struct PeakShares {
  double in_turns = 0;
  double calm = 0;
};

/// The middle of the shares of several turns (peak, some runs, peak), and of those turns before and
/// after which the neighbours rested, if there are enough.
PeakShares shares_of_peak(const BoundOp& op, Ops& ops, Backend& backend, int threads) {
  constexpr size_t kTurns = 15, kCalmTurns = 7;
  constexpr double kTurnUs = 2e3, kPatienceUs = 2e6;
  std::vector<double> shares, calm;
  const Neighbours neighbours(backend, threads);
  bool rested = neighbours.rest();
  const Clock::time_point start = Clock::now();
  double before = backend.peak_flops(threads, 0);
  while (shares.size() < kTurns || (calm.size() < kCalmTurns && us_since(start) < kPatienceUs)) {
    int runs = 0;
    double us = 0;
    for (const Clock::time_point begin = Clock::now(); us < kTurnUs; us = us_since(begin)) {
      op.run(ops);
      ++runs;
    }
    const double after = backend.peak_flops(threads, 0);
    const bool rest = neighbours.rest();
    shares.push_back(op.flops * runs / (us * 1e-6) / ((before + after) / 2));
    if (rested && rest) calm.push_back(shares.back());
    before = after;
    rested = rest;
  }
  return {.in_turns = median(shares), .calm = calm.size() < kCalmTurns ? 0 : median(calm)};
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
  PeakShares shares;
  if (is_compute_bound(op, backend)) shares = shares_of_peak(op, *executor, backend, threads);
  return {
      .case_name = parity.case_name,
      .op = parity.op,
      .instruction_set = parity.instruction_set,
      .dtype = parity.dtype,
      .threads = threads,
      .runs = int64_t(durations.size()),
      .best_us = durations.front(),
      .median_us = durations[durations.size() / 2],
      .peak_share = shares.in_turns,
      .calm_peak_share = shares.calm,
      .flops = op.flops,
      .bytes = op.bytes,
  };
}

}  // namespace albert::checks
