// context = softmax(q · kᵀ / sqrt(D)) · v, for each sequence and head.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/reference/executor.h"

namespace albert {

namespace {

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// The key rows of one sequence, and the columns of one head.
struct Scope {
  int64_t first_key;
  int64_t keys;
  int64_t head;
  int64_t head_size;
};

/// One query row of one head; leaves its probabilities in `scores`.
void attend(const AttentionForward& op, const Scope& scope, int64_t row, double* scores) {
  const int64_t column = scope.head * scope.head_size;
  const double* query = op.queries.row<const double>(row) + column;
  for (int64_t j = 0; j < scope.keys; ++j) {
    const double* key = op.keys.row<const double>(scope.first_key + j) + column;
    scores[j] = dot(query, key, scope.head_size) / std::sqrt(double(scope.head_size));
  }
  const LogSumExp normalizer = log_sum_exp(scores, scope.keys);
  if (op.log_sum_exp) op.log_sum_exp.row<double>(row)[scope.head] = normalizer.total();

  double* context = op.context.row<double>(row) + column;
  std::fill_n(context, scope.head_size, 0.0);
  for (int64_t j = 0; j < scope.keys; ++j) {
    scores[j] = std::exp(scores[j] - normalizer.maximum - normalizer.logarithm);
    const double* value = op.values.row<const double>(scope.first_key + j) + column;
    for (int64_t d = 0; d < scope.head_size; ++d) context[d] += scores[j] * value[d];
  }
}

}  // namespace

void ReferenceOps::run(const AttentionForward& op) {
  require_f64("attention", "queries", op.queries);
  const auto* query_offsets = op.query_cu_seqlens.as<const int32_t>();
  const auto* key_offsets = op.cu_seqlens.as<const int32_t>();
  const int64_t head_size = op.queries.columns() / op.heads;
  double* probabilities = op.probabilities.as<double>();
  std::vector<double> scores;

  for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
    const int64_t keys = key_offsets[b + 1] - key_offsets[b];
    scores.resize(size_t(keys));
    for (int64_t head = 0; head < op.heads; ++head) {
      for (int64_t i = query_offsets[b]; i < query_offsets[b + 1]; ++i) {
        attend(op, {key_offsets[b], keys, head, head_size}, i, scores.data());
        if (op.probabilities) {
          probabilities = std::copy(scores.begin(), scores.end(), probabilities);
        }
      }
    }
  }
}

}  // namespace albert
