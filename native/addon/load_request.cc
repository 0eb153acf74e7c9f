// JavaScript object → engine::LoadRequest, field by field.
#include "addon/load_request.h"

#include <limits>

namespace albert::addon {

namespace {

constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

int64_t count_or(const Argument& field, int64_t fallback) {
  return field.absent() ? fallback : field.integer(1, kMaxSafeInteger);
}

}  // namespace

engine::LoadRequest read_load_request(const Argument& request) {
  engine::LoadRequest load;
  load.config = request.field("config").utf8();
  load.kind = request.field("kind").utf8();
  const Argument path = request.field("path");
  if (!path.absent()) load.path = path.utf8_without_nul();
  load.seed = uint64_t(request.field("seed").integer(0, kMaxSafeInteger));
  load.backend.device = request.field("device").utf8();
  load.backend.dtype = request.field("dtype").utf8();
  const Argument allow_tf32 = request.field("allow_tf32");
  load.backend.allow_tf32 = !allow_tf32.absent() && allow_tf32.boolean();
  load.threads = int(request.field("threads").integer(0, std::numeric_limits<int32_t>::max()));
  load.max_queued_tokens = count_or(request.field("max_queued_tokens"), load.max_queued_tokens);
  load.tile_tokens = count_or(request.field("tile_tokens"), load.tile_tokens);
  return load;
}

}  // namespace albert::addon
