// How much of the queue makes the next tile, and how many threads work on it: pure functions.
#pragma once

#include <cstdint>

namespace albert::engine {

/// What the planner looks at.
struct TileLoad {
  int64_t queued_tokens;  // tokens of all waiting sequences
  int threads;            // threads this model may use
  int running;            // its tiles that are running now
};

/// Tokens that the next tile may hold; a longer sequence is a tile alone. Tiles are large enough
/// that the weights' traffic is paid for by many rows (256 rows: their activations stay in L2), and
/// small enough that all threads get a share of what waits.
int64_t tile_tokens(const TileLoad& load);

/// Threads for a tile, when `load` is what is left behind it. While more waits, each thread gets a
/// tile of its own and needs no synchronisation; the last tile takes every thread that is idle.
int tile_width(const TileLoad& load);

}  // namespace albert::engine
