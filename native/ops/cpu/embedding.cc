// Embedding sum: tokens are dealt out to threads.
#include "ops/cpu/executor.h"

namespace albert::cpu {

/// A row of the word table, in place or widened into `wide`.
const float* CpuOps::word_row(const EmbeddingForward& op, int32_t token, float* wide) const {
  if (op.word.dtype == DType::kF32) return op.word.row<float>(token);
  kernels_.convert({.y = wide,
                    .y_stride = op.y.columns(),
                    .y_element = Element::kF32,
                    .x = row_of(op.word, token),
                    .x_stride = op.word.row_stride,
                    .x_element = element_of(op.word),
                    .rows = 1,
                    .columns = op.y.columns()});
  return wide;
}

void CpuOps::run(const EmbeddingForward& op) {
  const int32_t* tokens = op.tokens.as<int32_t>();
  const int32_t* segments = op.segments.as<int32_t>();
  const int32_t* positions = op.positions.as<int32_t>();
  for_ranges(op.y.rows(), 0.5 * double(op.y.columns()), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      kernels_.add_rows(op.y.row<float>(t),
                        {word_row(op, tokens[t], op.y.row<float>(t)),
                         op.segment.row<float>(segments[t]), op.position.row<float>(positions[t])},
                        op.y.columns());
    }
  });
}

}  // namespace albert::cpu
