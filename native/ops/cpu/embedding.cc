// Embedding sum: tokens are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const EmbeddingForward& op) {
  const int32_t* tokens = op.tokens.as<int32_t>();
  const int32_t* segments = op.segments.as<int32_t>();
  const int32_t* positions = op.positions.as<int32_t>();
  for_ranges(op.y.rows(), 0.5 * double(op.y.columns()), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      kernels_.add_rows(op.y.row<float>(t),
                        {op.word.row<float>(tokens[t]), op.segment.row<float>(segments[t]),
                         op.position.row<float>(positions[t])},
                        op.y.columns());
    }
  });
}

}  // namespace albert::cpu
