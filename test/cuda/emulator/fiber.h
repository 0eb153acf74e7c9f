// Fibers: threads of a block, each with a stack of its own, on one thread of the system.
#pragma once

#include <cstddef>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulator {

struct Fiber {
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context;
#endif
  char* stack = nullptr;  // lowest usable byte; the page below it faults
  size_t stack_bytes = 0;
  void* fake_stack = nullptr;  // AddressSanitizer's
  void* identity = nullptr;    // ThreadSanitizer's
};

/// Gives a fiber its stack, once.
void map_stack(Fiber& fiber);
/// Makes the next switch to it call `entry`, which must not return. `index` staggers the tops of
/// stacks, so that they do not share the sets of a cache.
void start(Fiber& fiber, unsigned index, void (*entry)());
/// Makes the calling thread of the system a fiber.
void adopt_thread(Fiber& fiber);
/// Leaves `from`, which is running, for `to`; returns when somebody switches back.
void switch_between(Fiber& from, Fiber& to);
/// The first words of a fiber that was started.
void arrive();

}  // namespace emulator
