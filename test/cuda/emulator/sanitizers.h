// What the emulator tells a sanitizer, if there is one: weak symbols, null without it.
#pragma once

#include <cstddef>

#define ALBERT_WEAK __attribute__((weak))
extern "C" {
void* __tsan_get_current_fiber() ALBERT_WEAK;
void* __tsan_create_fiber(unsigned) ALBERT_WEAK;
void __tsan_destroy_fiber(void*) ALBERT_WEAK;
void __tsan_switch_to_fiber(void*, unsigned) ALBERT_WEAK;
void __tsan_set_fiber_name(void*, const char*) ALBERT_WEAK;
void __tsan_acquire(void*) ALBERT_WEAK;
void __tsan_release(void*) ALBERT_WEAK;
void AnnotateBenignRaceSized(const char*, int, const volatile void*, size_t,
                             const char*) ALBERT_WEAK;
void __sanitizer_start_switch_fiber(void**, const void*, size_t) ALBERT_WEAK;
void __sanitizer_finish_switch_fiber(void*, const void**, size_t*) ALBERT_WEAK;
void __asan_unpoison_memory_region(const volatile void*, size_t) ALBERT_WEAK;
}
#undef ALBERT_WEAK

namespace emulator {

inline bool has_thread_sanitizer() {
  return __tsan_create_fiber != nullptr;
}
inline bool has_address_sanitizer() {
  return __sanitizer_start_switch_fiber != nullptr && !has_thread_sanitizer();
}
inline bool is_sanitized() {
  return has_thread_sanitizer() || has_address_sanitizer();
}

/// What this thread did so far happened before what follows acquire() of the same place.
inline void release(void* place) {
  if (has_thread_sanitizer()) __tsan_release(place);
}
inline void acquire(void* place) {
  if (has_thread_sanitizer()) __tsan_acquire(place);
}

}  // namespace emulator
