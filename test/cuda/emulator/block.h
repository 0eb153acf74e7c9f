// The running block: its threads, who waits for whom, and whose turn it is.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "fiber.h"
#include "runtime.h"

namespace emulator {

constexpr unsigned kWarp = 32;
constexpr unsigned kMaxThreads = 1024;
constexpr unsigned kMaxCopies = 256;  // of a thread in flight

struct Thread {
  Fiber fiber;
  uint3 position;
  unsigned index;
  unsigned waits_for;  // lanes of a warp operation; 0: the block's barrier
  bool is_waiting, is_done;
  Site at;
  // A ring, no heap: memory that fibers share with the allocator would look like a race.
  struct {
    Copy copy;
    unsigned group;
  } copies[kMaxCopies];
  unsigned queued_copies, taken_copies, copy_group;
};

/// Where the lanes of a mask meet: one for each warp and lowest lane.
struct Rendezvous {
  unsigned mask, arrived, turn;
  Site at;
  Payload payload[2][kWarp];
  char place[2];  // of synchronization, by parity of the turn
};

struct Block {
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<Rendezvous> rendezvous;
  std::vector<unsigned> order;  // in which waiting threads go on
  struct {
    Thread* threads[kWarp];
    unsigned head, tail;
  } ready[kMaxThreads / kWarp];  // one a warp
  unsigned warp;                 // whose turn it is
  unsigned warp_count, thread_count;
  unsigned arrived, done, turn;
  Site barrier_at;
  char barrier_place[2], start_place, end_place;
  void (*body)(void*);
  void* context;
  std::exception_ptr failure;
  Schedule schedule;
  uint64_t random;
  void* identity;  // ThreadSanitizer's, of the whole block, where it looks for races between blocks
  bool between_blocks;
  Thread* current;  // null outside of kernels
  Fiber host;
};
extern Block block;

inline bool is_same(const Site& a, const Site& b) {
  return a.line() == b.line() && a.file_name() == b.file_name();
}
unsigned random_below(unsigned bound);
void shuffle_randomly(std::vector<unsigned>& numbers);
/// Bytes that no sanitizer watches being written.
void fill_unseen(void* to, int value, size_t bytes);

/// Queues a thread that waited.
void make_ready(Thread& thread);
/// Marks the running thread as waiting, for lanes of its warp or (0) for the block.
void begin_wait(unsigned lanes, Site at);
/// Runs whoever is ready; returns when the caller is.
void go_on();
/// "thread (1,0,0) waits at file:7 for the block", of up to four threads.
std::string describe_waiting();

/// Runs the block at blockIdx, from start to end; throws what a thread threw.
void run_block();

}  // namespace emulator
