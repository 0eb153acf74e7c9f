// Embedding sum: tokens are dealt out to threads.
#include <algorithm>

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

void CpuOps::run(const EmbeddingBackward& op) {
  // Threads share out columns: every row of a table then adds its tokens in order.
  constexpr int64_t kColumns = 16;
  const int64_t columns = op.dy.columns(), blocks = (columns + kColumns - 1) / kColumns;
  const int32_t* tokens = op.tokens.as<int32_t>();
  const int32_t* segments = op.segments.as<int32_t>();
  const int32_t* positions = op.positions.as<int32_t>();
  for_ranges(blocks, 10 * double(op.dy.rows()), [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumns, count = std::min(end * kColumns, columns) - first;
    for (int64_t t = 0; t < op.dy.rows(); ++t) {
      const float* dy = op.dy.row<float>(t) + first;
      const auto add = [&](const Tensor& table, int32_t row) {
        kernels_.training.add(table.row<float>(row) + first, dy, Element::kF32, count);
      };
      if (tokens[t] != op.padding_token) add(op.dword, tokens[t]);
      add(op.dsegment, segments[t]);
      add(op.dposition, positions[t]);
    }
  });
}

}  // namespace albert::cpu
