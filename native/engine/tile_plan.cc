// Tile sizes and widths.
#include "engine/tile_plan.h"

#include <algorithm>

namespace albert::engine {

int64_t tile_tokens(const TileLoad& load) {
  constexpr int64_t kMost = 256, kFewest = 48;
  const int64_t free_threads = std::max(1, load.threads - load.running);
  const int64_t share = (load.queued_tokens + free_threads - 1) / free_threads;
  return std::clamp(share, kFewest, kMost);
}

int tile_width(const TileLoad& load) {
  return load.queued_tokens == 0 ? load.threads : 1;
}

}  // namespace albert::engine
