// Tile sizes.
#include "engine/tile_plan.h"

#include <algorithm>

namespace albert::engine {

TilePlan plan_tile(const TilePlanInput& input) {
  constexpr int64_t kMost = 256, kFewest = 48;
  const int64_t free_threads = std::max(1, input.threads - input.running);
  const int64_t share = (input.queued_tokens + free_threads - 1) / free_threads;
  const int64_t tokens = std::clamp(share, kFewest, kMost);
  // Nothing else runs and nothing will be left: the tile may use every thread.
  const bool alone = input.running == 0 && input.queued_tokens <= tokens;
  return {.tokens = tokens, .width = alone ? input.threads : 1};
}

}  // namespace albert::engine
