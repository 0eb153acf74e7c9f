// Measures peaks by the best of many short runs: anything else on the machine only takes away.
#include "ops/cpu/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "core/host_memory.h"

namespace albert::cpu {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kStreamSeconds = 0.2;
/// One run: long against the microseconds it takes to wake a thread.
constexpr double kRunSeconds = 4e-3;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds of the fastest of the calls that fit in the budget, or of one.
double fastest(double budget, FunctionRef<void()> run) {
  double best = 1e9;
  const Clock::time_point start = Clock::now();
  do {
    const Clock::time_point begin = Clock::now();
    run();
    best = std::min(best, seconds_since(begin));
  } while (seconds_since(start) < budget);
  return best;
}

/// How often `run(1)` has to be repeated to last about kRunSeconds.
int64_t repetitions(FunctionRef<void(int64_t)> run) {
  int64_t count = 1;
  for (;; count *= 2) {
    const Clock::time_point begin = Clock::now();
    run(count);
    if (seconds_since(begin) >= kRunSeconds) return count;
  }
}

/// Rows of equal length in one buffer, and what is made of them.
class Stream {
 public:
  Stream(const KernelTable& kernels, size_t bytes)
      : kernels_(kernels),
        columns_(std::max<int64_t>(int64_t(bytes / sizeof(float)) / kRows / 16 * 16, 16)),
        memory_(size_t(columns_ * kRows)) {
    std::fill_n(memory_.data(), memory_.size(), 1.0f);
  }

  double bytes() const { return double(memory_.size() * sizeof(float)); }

  /// Seven rows read, one written: what a product with a small right side does.
  void read(int64_t times) const {
    const float weights[kRows - 1] = {1, 1, 1, 1, 1, 1, 1};
    for (; times > 0; --times) {
      kernels_.weighted_sum({.y = row(0),
                             .x = row(1),
                             .x_stride = columns_,
                             .weights = weights,
                             .rows = kRows - 1,
                             .columns = columns_});
    }
  }

  /// Three rows read for each one written: what the ops between the products do.
  void add(int64_t times) const {
    for (; times > 0; --times) {
      kernels_.add_rows(row(0), {row(1), row(2), row(3)}, columns_);
      kernels_.add_rows(row(4), {row(5), row(6), row(7)}, columns_);
    }
  }

 private:
  static constexpr int64_t kRows = 8;

  float* row(int64_t index) const { return memory_.data() + index * columns_; }

  const KernelTable& kernels_;
  int64_t columns_;
  FloatBuffer memory_;
};

/// Bytes a second when every thread does the same with its own stream.
double stream_rate(ThreadPool& pool, const std::vector<Stream>& streams,
                   void (Stream::*pass)(int64_t) const) {
  const int width = int(streams.size());
  const int64_t times = repetitions([&](int64_t count) { (streams[0].*pass)(count); });
  const double seconds = fastest(kStreamSeconds, [&] {
    pool.parallel_for(width, width, [&](int64_t part) { (streams[size_t(part)].*pass)(times); });
  });
  return streams[0].bytes() * width * double(times) / seconds;
}

constexpr int64_t kMultiplications = 2048;  // each waits for the one before
constexpr int64_t kFetchTurns = 128, kFetches = kFetchTurns * 256;

void multiply_in_a_chain() {
  uint64_t product = 3;
  for (int64_t i = 0; i < kMultiplications; ++i) {
    product *= product;
    __asm__ volatile("" : "+r"(product));
  }
}

void fetch() {
  for (int64_t i = 0; i < kFetchTurns; ++i) __asm__ volatile(".rept 256\n\tnop\n\t.endr");
}

/// Of some runs, so that no interruption counts.
double shortest_seconds(void (*run)()) {
  constexpr int kRuns = 8;
  double shortest = 1e9;
  for (int i = 0; i < kRuns; ++i) {
    const Clock::time_point begin = Clock::now();
    run();
    shortest = std::min(shortest, seconds_since(begin));
  }
  return shortest;
}

}  // namespace

double measure_peak_flops(const FormatKernels& kernels, ThreadPool& pool, int width,
                          double budget) {
  std::atomic<float> kept{0};  // so that no compiler may leave the work out
  const auto burn = [&](int64_t steps) { kept = kernels.burn(steps); };
  const int64_t steps = repetitions(burn);
  const double seconds =
      fastest(budget, [&] { pool.parallel_for(width, width, [&](int64_t) { burn(steps); }); });
  return double(kernels.burn_operations) * double(steps) * width / seconds;
}

double measure_peak_bytes(const KernelTable& kernels, ThreadPool& pool, int width, size_t bytes) {
  std::vector<Stream> streams;
  for (int i = 0; i < width; ++i) streams.emplace_back(kernels, bytes / size_t(width));
  return std::max(stream_rate(pool, streams, &Stream::read),
                  stream_rate(pool, streams, &Stream::add));
}

double measure_fetch_rate(ThreadPool& pool, int width) {
  std::vector<double> rates(size_t(width), 0.0);
  pool.parallel_for(width, width, [&](int64_t part) {
    const double a_multiplication = shortest_seconds(multiply_in_a_chain) / kMultiplications;
    const double a_fetch = shortest_seconds(fetch) / kFetches;
    rates[size_t(part)] = a_multiplication / a_fetch;
  });
  return *std::min_element(rates.begin(), rates.end());
}

}  // namespace albert::cpu
