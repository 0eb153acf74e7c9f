// Switching of stacks, told to the sanitizers.
#include "fiber.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdlib>

#include "sanitizers.h"

#if defined(__x86_64__)
extern "C" void emulator_switch(void** save, void* load);
asm(R"(
    .text
    .local emulator_switch
    .type emulator_switch, @function
emulator_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size emulator_switch, .-emulator_switch
)");
#endif

namespace emulator {

namespace {
constexpr size_t kPage = 4096;
constexpr size_t kStack = 64 * 1024;
constexpr size_t kSanitizedStack = 256 * 1024;
}  // namespace

void map_stack(Fiber& fiber) {
  if (fiber.stack) return;
  fiber.stack_bytes = is_sanitized() ? kSanitizedStack : kStack;
  void* base = mmap(nullptr, fiber.stack_bytes + kPage, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED || mprotect(base, kPage, PROT_NONE) != 0) std::abort();
  fiber.stack = static_cast<char*>(base) + kPage;
}

void start(Fiber& fiber, unsigned index, void (*entry)()) {
#if defined(__x86_64__)
  const size_t stagger = index % 32 * 128;
  void** top = reinterpret_cast<void**>(fiber.stack + fiber.stack_bytes - stagger - 64);
  *--top = nullptr;  // where `entry` would return to
  *--top = reinterpret_cast<void*>(entry);
  fiber.stack_pointer = top - 6;
#else
  (void)index;
  getcontext(&fiber.context);
  fiber.context.uc_stack = {.ss_sp = fiber.stack, .ss_flags = 0, .ss_size = fiber.stack_bytes};
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, entry, 0);
#endif
}

void adopt_thread(Fiber& fiber) {
  if (has_thread_sanitizer()) fiber.identity = __tsan_get_current_fiber();
  if (!has_address_sanitizer()) return;
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* stack = nullptr;
  pthread_attr_getstack(&attributes, &stack, &fiber.stack_bytes);
  fiber.stack = static_cast<char*>(stack);
  pthread_attr_destroy(&attributes);
}

void switch_between(Fiber& from, Fiber& to) {
  if (has_address_sanitizer()) {
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
  }
  // 1: a switch is no synchronization.
  if (has_thread_sanitizer()) __tsan_switch_to_fiber(to.identity, 1);
#if defined(__x86_64__)
  emulator_switch(&from.stack_pointer, to.stack_pointer);
#else
  swapcontext(&from.context, &to.context);
#endif
  if (has_address_sanitizer()) __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
}

void arrive() {
  if (has_address_sanitizer()) __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
}

}  // namespace emulator
