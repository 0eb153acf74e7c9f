// Room for a run on a device whose memory has a bound: reserved, or refused with the bill.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "ops/backend.h"

namespace albert {

/// What runs allocate from: tensors from the arena, scratch by the executor.
struct RunMemory {
  Arena& arena;
  const Ops& ops;
};

/// After a run on `planned`, of the backend's planner: makes room in `memory` for the same run.
/// Throws Error{kMemory} with the bill, before it allocates.
void reserve_room(const std::string& what, const Backend& backend, const RunMemory& memory,
                  const RunMemory& planned);

/// For which sizes room was made already. Forgets when there were many.
class RoomMemo {
 public:
  using Sizes = std::array<int64_t, 6>;

  bool has(const Sizes& sizes) const { return known_.count(sizes) > 0; }
  void add(const Sizes& sizes) {
    constexpr size_t kMost = 4096;
    if (known_.size() >= kMost) known_.clear();
    known_.insert(sizes);
  }

 private:
  std::set<Sizes> known_;
};

}  // namespace albert
