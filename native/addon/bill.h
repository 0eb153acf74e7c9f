// Memory bills: as JavaScript reads them, and as its garbage collector is told of them.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "core/arena.h"

namespace albert::addon {

/// [{ name, bytes }]
Napi::Value bill_to_javascript(Napi::Env env, const std::vector<BillItem>& bill);

/// Native bytes that the garbage collector knows of. May be destroyed on any thread; the methods
/// belong to the JavaScript thread.
class ReportedBytes {
 public:
  explicit ReportedBytes(Napi::Env env) : env_(env) {}

  /// What is held now; nothing happens after close().
  void report(const std::vector<BillItem>& bill);
  /// Nothing is held any more.
  void close();

 private:
  void report(int64_t bytes);

  const Napi::Env env_;
  int64_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace albert::addon
