// Counts what still runs outside the JavaScript thread, so that an environment can await its end.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace albert::addon {

class WorkCounter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }

  void done() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_left_.notify_all();
  }

  void wait() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_left_;
  int64_t count_ = 0;
};

}  // namespace albert::addon
