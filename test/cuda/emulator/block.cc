// Runs one block: a warp goes as far as it can before another moves, the interleaving that a
// missing barrier can least survive.
#include "block.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>

#include "sanitizers.h"
#include "shared_memory.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {

Block block;

namespace {

void switch_to(Thread* next) {
  Thread* self = std::exchange(block.current, next);
  if (self == next) return;
  if (next) threadIdx = next->position;
  switch_between(self ? self->fiber : block.host, next ? next->fiber : block.host);
}

Thread* next_ready() {
  const Order order = block.schedule.order;
  const unsigned count = block.warp_count;
  const unsigned first = order == Order::kRandom ? random_below(count) : block.warp;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned step = order == Order::kReverse ? count - i : i;
    auto& queue = block.ready[(first + step) % count];
    if (queue.head == queue.tail) continue;
    block.warp = (first + step) % count;
    return queue.threads[queue.head++ % kWarp];
  }
  return nullptr;
}

void keep_failure() {
  block.failure = std::current_exception();
}

/// What every thread of the block begins with.
void thread_main() {
  arrive();
  acquire(&block.start_place);
  try {
    block.body(block.context);
    if (block.arrived) {
      fail("thread (%u,%u,%u) left the kernel while others wait:%s", threadIdx.x, threadIdx.y,
           threadIdx.z, describe_waiting().c_str());
    }
  } catch (...) {
    keep_failure();
  }
  release(&block.end_place);
  block.current->is_done = true;
  ++block.done;
  if (block.failure) switch_to(nullptr);
  go_on();
  std::abort();
}

void name_identity(void* identity, const char* what, const uint3& at) {
  char name[64];
  std::snprintf(name, sizeof name, "%s (%u,%u,%u)", what, at.x, at.y, at.z);
  __tsan_set_fiber_name(identity, name);
}

void prepare(Thread& thread, unsigned index) {
  thread.index = index;
  thread.position = {index % blockDim.x, index / blockDim.x % blockDim.y,
                     index / (blockDim.x * blockDim.y)};
  thread.is_done = thread.is_waiting = false;
  thread.queued_copies = thread.taken_copies = thread.copy_group = 0;
  if (block.between_blocks) {
    thread.fiber.identity = block.identity;
  } else if (has_thread_sanitizer()) {
    if (!thread.fiber.identity) thread.fiber.identity = __tsan_create_fiber(0);
    name_identity(thread.fiber.identity, "thread", thread.position);
  }
  start(thread.fiber, index, thread_main);
}

void begin_block() {
  for (auto& queue : block.ready) queue.head = queue.tail = 0;
  block.warp_count = (block.thread_count + kWarp - 1) / kWarp;
  block.warp = block.schedule.order == Order::kReverse ? block.warp_count - 1 : 0;
  block.arrived = block.done = block.turn = 0;
  for (auto& each : block.rendezvous) each.arrived = each.turn = 0;
  poison_shared_memory();
  std::iota(block.order.begin(), block.order.end(), 0u);
  if (block.schedule.order == Order::kReverse) {
    std::reverse(block.order.begin(), block.order.end());
  }
  if (block.schedule.order == Order::kRandom) shuffle_randomly(block.order);
  if (block.between_blocks) {
    block.identity = __tsan_create_fiber(0);
    name_identity(block.identity, "block", blockIdx);
  }
  for (unsigned i = 0; i < block.thread_count; ++i) prepare(*block.threads[i], i);
  for (const unsigned i : block.order) make_ready(*block.threads[i]);
}

/// After a failure threads stay where they are: what they hold is given up.
void abandon_threads() {
  if (has_thread_sanitizer() && !block.between_blocks) {
    for (auto& thread : block.threads) {  // what they did, too, happened before what follows
      if (!thread->fiber.identity) continue;
      __tsan_switch_to_fiber(thread->fiber.identity, 1);
      release(&block.end_place);
    }
    __tsan_switch_to_fiber(block.host.identity, 1);
    acquire(&block.end_place);
  }
  for (auto& thread : block.threads) {
    if (__asan_unpoison_memory_region && thread->fiber.stack) {
      __asan_unpoison_memory_region(thread->fiber.stack, thread->fiber.stack_bytes);
    }
    if (thread->fiber.identity && !block.between_blocks) {
      __tsan_destroy_fiber(std::exchange(thread->fiber.identity, nullptr));
    }
  }
}

}  // namespace

unsigned random_below(unsigned bound) {
  block.random = block.random * 6364136223846793005ull + 1442695040888963407ull;
  return unsigned((block.random >> 33) % bound);
}

void shuffle_randomly(std::vector<unsigned>& numbers) {
  for (unsigned i = unsigned(numbers.size()); i > 1; --i) {
    std::swap(numbers[i - 1], numbers[random_below(i)]);
  }
}

void fill_unseen(void* to, int value, size_t bytes) {
#if defined(__x86_64__)
  asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
#else
  for (volatile auto* p = static_cast<unsigned char*>(to); bytes > 0; --bytes) {
    *p++ = static_cast<unsigned char>(value);
  }
#endif
}

void fail(const char* format, ...) {
  char text[2000];
  int length = 0;
  if (block.current) {
    length = std::snprintf(text, sizeof text, "block (%u,%u,%u): ", blockIdx.x, blockIdx.y,
                           blockIdx.z);
  }
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text + length, sizeof text - size_t(length), format, arguments);
  va_end(arguments);
  throw Error(text);
}

std::string describe_waiting() {
  std::string text;
  int shown = 0;
  for (unsigned i = 0; i < block.thread_count && shown < 4; ++i) {
    const Thread& thread = *block.threads[i];
    if (!thread.is_waiting) continue;
    ++shown;
    char line[400], whom[40] = "the block";
    if (thread.waits_for) std::snprintf(whom, sizeof whom, "lanes %08x", thread.waits_for);
    std::snprintf(line, sizeof line, "\n  thread (%u,%u,%u) waits at %s:%u for %s",
                  thread.position.x, thread.position.y, thread.position.z, thread.at.file_name(),
                  thread.at.line(), whom);
    text += line;
  }
  return text;
}

void make_ready(Thread& thread) {
  auto& queue = block.ready[thread.index / kWarp];
  thread.is_waiting = false;
  queue.threads[queue.tail++ % kWarp] = &thread;
}

void begin_wait(unsigned lanes, Site at) {
  block.current->at = at;
  block.current->waits_for = lanes;
  block.current->is_waiting = true;
}

void go_on() {
  if (Thread* next = next_ready()) return switch_to(next);
  if (block.done != block.thread_count && !block.failure) {
    try {
      fail("deadlock:%s", describe_waiting().c_str());
    } catch (...) {
      keep_failure();
    }
  }
  switch_to(nullptr);
}

void run_block() {
  begin_block();
  if (!block.between_blocks) release(&block.start_place);
  go_on();
  if (block.between_blocks) {
    __tsan_destroy_fiber(std::exchange(block.identity, nullptr));
  } else {
    acquire(&block.end_place);
  }
  if (!block.failure) return;
  abandon_threads();
  std::rethrow_exception(std::exchange(block.failure, nullptr));
}

}  // namespace emulator
