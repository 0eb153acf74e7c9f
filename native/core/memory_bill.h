// Bills of memory: their sums, their words, and the refusal of what would not fit.
#pragma once

#include <string>
#include <vector>

#include "core/arena.h"

namespace albert {

size_t total_bytes(const std::vector<BillItem>& bill);

/// What somebody is about to take, and where.
struct MemoryDemand {
  std::string what;  // "the weights", "a forward pass": how the message begins
  std::vector<BillItem> bill;
  size_t held;  // bytes of the bill that are held already
  size_t free;  // bytes that are free beside them
  std::string device;
};

/// Throws Error{kMemory} with the bill, largest items first, where the demand does not fit.
void require_room(const MemoryDemand& demand);

}  // namespace albert
