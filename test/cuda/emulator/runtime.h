// The emulator's core: barriers, exchange within a warp, shared memory, launches, thread orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <stdexcept>

#include "cuda_runtime.h"

extern uint3 threadIdx, blockIdx;  // written at every switch
extern dim3 blockDim, gridDim;

namespace emulator {

using Site = std::source_location;

/// A fault that the emulator found in a kernel or its launch; the text names block and line.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

/// In which order threads, warps and blocks run where the program leaves it open.
enum class Order { kForward, kReverse, kRandom };
struct Schedule {
  Order order = Order::kForward;
  uint64_t seed = 1;
};
/// Of launches without a stream. A stream has a schedule of its own: each that is created gets the
/// next order, so that an executor's results hold against another's in another order.
extern Schedule default_schedule;
Schedule schedule_of(cudaStream_t stream);

/// Runs body(context) in every thread of every block.
void run_grid(const cudaLaunchConfig_t& config, void (*body)(void*), void* context);

void sync_block(Site at);
void sync_warp(unsigned mask, Site at);

/// What one lane brings to an exchange, and what all get to see.
struct Payload {
  uint64_t words[4];
};
/// Waits for the lanes of `mask`; returns what each of them brought.
const Payload* exchange(unsigned mask, const void* mine, size_t bytes, Site at);
/// The same; the last to arrive turns what was brought into something else.
const Payload* exchange(unsigned mask, const void* mine, size_t bytes, Site at,
                        void (*resolve)(Payload* lanes));
unsigned lane();

void* dynamic_shared(size_t alignment);
bool is_shared(const void* pointer, size_t bytes);

/// An asynchronous copy of 16 bytes.
struct Copy {
  void* to;
  const void* from;
  bool valid;  // false: zeros
};
void queue_copy(const Copy& copy);
void commit_copies();
/// Whether a copy of a group older than the youngest `pending` is left; takes it out.
bool take_finished_copy(int pending, Copy& copy);

/// Room in device memory that cudaMalloc will give before it fails; tests make it small.
extern size_t device_memory_limit;
/// What a test wants otherwise, in the environment.
int number_from(const char* variable, int otherwise);
/// Whether the library has code for the device, which is new enough unless a test wants it old.
bool device_has_code();

/// Calls run() in several orders; what it computes must come out the same.
template <class Run>
void for_each_order(const Run& run) {
  const Schedule before = default_schedule;
  for (const Schedule& schedule :
       {Schedule{Order::kForward, 1}, Schedule{Order::kReverse, 1}, Schedule{Order::kRandom, 1},
        Schedule{Order::kRandom, 2}, Schedule{Order::kRandom, 3}}) {
    default_schedule = schedule;
    run();
  }
  default_schedule = before;
}

}  // namespace emulator
