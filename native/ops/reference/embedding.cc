// y[t] = word[tokens[t]] + segment[segments[t]] + position[positions[t]].
#include "ops/embedding.h"

#include "ops/reference/executor.h"

namespace albert {

void ReferenceOps::run(const EmbeddingForward& op) {
  require_f64("embedding", "y", op.y);
  for (int64_t t = 0; t < op.y.rows(); ++t) {
    const double* word = op.word.row<const double>(op.tokens.as<const int32_t>()[t]);
    const double* segment = op.segment.row<const double>(op.segments.as<const int32_t>()[t]);
    const double* position = op.position.row<const double>(op.positions.as<const int32_t>()[t]);
    for (int64_t e = 0; e < op.y.columns(); ++e) {
      op.y.row<double>(t)[e] = word[e] + segment[e] + position[e];
    }
  }
}

void ReferenceOps::run(const EmbeddingBackward& op) {
  require_f64("embedding_backward", "dy", op.dy);
  for (int64_t t = 0; t < op.dy.rows(); ++t) {
    const int32_t token = op.tokens.as<const int32_t>()[t];
    double* word = op.dword.row<double>(token);
    double* segment = op.dsegment.row<double>(op.segments.as<const int32_t>()[t]);
    double* position = op.dposition.row<double>(op.positions.as<const int32_t>()[t]);
    for (int64_t e = 0; e < op.dy.columns(); ++e) {
      const double dy = op.dy.row<const double>(t)[e];
      if (token != op.padding_token) word[e] += dy;
      segment[e] += dy;
      position[e] += dy;
    }
  }
}

}  // namespace albert
