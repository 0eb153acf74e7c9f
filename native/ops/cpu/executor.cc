// How an executor cuts its work into parts for the pool.
#include "ops/cpu/executor.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace albert::cpu {

namespace {

/// Sharing a region with a worker that spins costs 1 to 2 µs on two cores (measured with empty
/// chunks): a part must be worth many times that.
constexpr double kUnitsWorthAPart = 8e3;
/// More parts than threads, so that a thread that was held up does not hold up the others: on a
/// shared machine 8 took 5 % off the median of 3.
constexpr int kPartsPerThread = 8;

}  // namespace

CpuOps::CpuOps(const KernelTable& kernels, std::shared_ptr<ThreadPool> pool, int width)
    : kernels_(kernels),
      pool_(std::move(pool)),
      width_(std::clamp(width, 1, pool_->size() + 1)),
      scratch_(size_t(width_)) {}

int64_t CpuOps::chunks_for(double units, int64_t limit) const {
  if (width_ == 1) return 1;
  const double worth = std::min(units / kUnitsWorthAPart, double(kPartsPerThread * width_));
  return std::clamp<int64_t>(int64_t(worth), 1, std::max<int64_t>(limit, 1));
}

void CpuOps::for_ranges(int64_t count, double units_each,
                        FunctionRef<void(int64_t, int64_t)> body) {
  const int64_t parts = chunks_for(units_each * double(count), count);
  pool_->parallel_for(
      parts, width_, [&](int64_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

void CpuOps::for_items(const Items& items, FunctionRef<void(int64_t, float*)> body) {
  // A slot is what one thread works in; its scratch grows here, before any thread starts.
  const int64_t slots = std::min<int64_t>(items.count, items.threads);
  for (int64_t slot = 0; slot < slots; ++slot) scratch_[size_t(slot)].grow(items.floats);
  std::atomic<int64_t> next{0};
  pool_->parallel_for(slots, items.threads, [&](int64_t slot) {
    float* const scratch = scratch_[size_t(slot)].data();
    for (int64_t item; (item = next.fetch_add(1, std::memory_order_relaxed)) < items.count;) {
      body(item, scratch);
    }
  });
}

Epilogue epilogue_of(Activation activation) {
  static_assert(int(Epilogue::kNone) == int(Activation::kNone) &&
                int(Epilogue::kGeluTanh) == int(Activation::kGeluTanh) &&
                int(Epilogue::kGeluErf) == int(Activation::kGeluErf) &&
                int(Epilogue::kRelu) == int(Activation::kRelu) &&
                int(Epilogue::kTanh) == int(Activation::kTanh));
  return Epilogue(activation);
}

}  // namespace albert::cpu
