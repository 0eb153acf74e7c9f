// What a planned run asked for, against what is free.
#include "ops/room.h"

#include <algorithm>

#include "core/memory_bill.h"

namespace albert {

void reserve_room(const std::string& what, const Backend& backend, const RunMemory& memory,
                  const RunMemory& planned) {
  const size_t tensors = planned.arena.used(), scratch = planned.ops.scratch_bytes();
  std::vector<BillItem> bill = planned.arena.bill();
  bill.push_back({"scratch of kernels and matrix products", scratch});
  require_room({.what = what,
                .bill = std::move(bill),
                .held = std::min(memory.arena.capacity(), tensors) +
                        std::min(memory.ops.scratch_bytes(), scratch),
                .free = backend.free_memory(),
                .device = backend.name()});
  memory.arena.reserve(tensors);
}

}  // namespace albert
