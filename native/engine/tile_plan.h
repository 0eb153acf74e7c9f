// How much of the queue makes the next tile, and how many threads work on it: a pure function.
#pragma once

#include <cstdint>

namespace albert::engine {

/// What the planner looks at.
struct TilePlanInput {
  int64_t queued_tokens;  // tokens of all waiting sequences
  int threads;            // threads this model may use
  int running;            // its tiles that are running now
};

struct TilePlan {
  /// The tile takes sequences until it holds this many tokens; a longer sequence is a tile alone.
  int64_t tokens;
  /// Threads that share the tile: all of them for the last or only one, else one each.
  int width;
};

/// Tiles are large enough that the weights' traffic is paid for by many rows (256 rows: their
/// activations stay in L2), and small enough that all threads get a share of what waits.
TilePlan plan_tile(const TilePlanInput& input);

}  // namespace albert::engine
