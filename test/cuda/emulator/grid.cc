// Launches: checks a launch as the driver would, then runs its blocks one after another.
#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <utility>

#include "block.h"
#include "device.h"
#include "sanitizers.h"
#include "shared_memory.h"

namespace emulator {

namespace {

/// One kernel at a time: there is one set of threads, and of shared arrays.
std::mutex grid_mutex;

size_t count_of(const dim3& size) {
  return size_t(size.x) * size.y * size.z;
}

bool is_launchable(const cudaLaunchConfig_t& config) {
  const dim3 &grid = config.gridDim, &threads = config.blockDim;
  return count_of(threads) > 0 && count_of(threads) <= kMaxThreads && threads.z <= 64 &&
         count_of(grid) > 0 && grid.x < 1u << 31 && grid.y < 1u << 16 && grid.z < 1u << 16 &&
         config.dynamicSmemBytes <= kMaxSharedBytes;
}

void prepare_threads(const cudaLaunchConfig_t& config) {
  blockDim = config.blockDim;
  gridDim = config.gridDim;
  block.thread_count = unsigned(count_of(config.blockDim));
  while (block.threads.size() < block.thread_count) {
    block.threads.push_back(std::make_unique<Thread>());
    map_stack(block.threads.back()->fiber);
  }
  block.order.resize(block.thread_count);
  block.rendezvous.resize((block.thread_count + kWarp - 1) / kWarp * kWarp);
  block.schedule = schedule_of(config.stream);
  block.random = block.schedule.seed;
  block.current = nullptr;
  adopt_thread(block.host);
}

/// In this mode a block is one thread to ThreadSanitizer: it looks for races between blocks only.
void look_between_blocks() {
  for (auto& thread : block.threads) {
    thread->fiber.identity = nullptr;
    AnnotateBenignRaceSized(__FILE__, __LINE__, thread->fiber.stack, thread->fiber.stack_bytes,
                            "stack");
  }
  release(&block.start_place);
  ignore_races_in_shared_memory();
}

std::vector<unsigned> order_of_blocks(size_t count) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (block.schedule.order == Order::kReverse) std::reverse(order.begin(), order.end());
  if (block.schedule.order == Order::kRandom) shuffle_randomly(order);
  return order;
}

void run_blocks() {
  for (const unsigned i : order_of_blocks(count_of(gridDim))) {
    blockIdx = {i % gridDim.x, i / gridDim.x % gridDim.y, i / (gridDim.x * gridDim.y)};
    run_block();
  }
}

}  // namespace

void run_grid(const cudaLaunchConfig_t& config, void (*body)(void*), void* context) {
  if (!is_launchable(config)) return set_last_error(cudaErrorInvalidConfiguration);
  const std::lock_guard lock(grid_mutex);
  prepare_threads(config);
  block.body = body;
  block.context = context;
  const DynamicShared shared(config.dynamicSmemBytes);
  const bool wanted = std::getenv("ALBERT_EMULATOR_BETWEEN_BLOCKS") != nullptr;
  block.between_blocks = has_thread_sanitizer() && wanted;
  if (block.between_blocks) look_between_blocks();
  struct Leave {
    ~Leave() {
      if (block.between_blocks) acquire(&block.end_place);
      block.current = nullptr;
    }
  } leave;
  run_blocks();
  shared.check_canary();
}

}  // namespace emulator
