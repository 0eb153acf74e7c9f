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

/// q · k / sqrt(D) of one query row with every key of its sequence.
template <class Op>
void score(const Op& op, const Scope& scope, int64_t row, double* scores) {
  const int64_t column = scope.head * scope.head_size;
  const double* query = op.queries.template row<const double>(row) + column;
  for (int64_t j = 0; j < scope.keys; ++j) {
    const double* key = op.keys.template row<const double>(scope.first_key + j) + column;
    scores[j] = dot(query, key, scope.head_size) / std::sqrt(double(scope.head_size));
  }
}

/// One query row of one head; leaves its probabilities in `scores`.
void attend(const AttentionForward& op, const Scope& scope, int64_t row, double* scores) {
  const int64_t column = scope.head * scope.head_size;
  score(op, scope, row, scores);
  const LogSumExp normalizer = log_sum_exp(scores, scope.keys);
  if (op.log_sum_exp) op.log_sum_exp.row<double>(row)[scope.head] = normalizer.total();

  double* context = op.context.row<double>(row) + column;
  std::fill_n(context, scope.head_size, 0.0);
  for (int64_t j = 0; j < scope.keys; ++j) {
    scores[j] = std::exp(scores[j] - normalizer.maximum - normalizer.logarithm);
    const double kept = scores[j] * dropout_factor(op.dropout, row, scope.head, j);
    const double* value = op.values.row<const double>(scope.first_key + j) + column;
    for (int64_t d = 0; d < scope.head_size; ++d) context[d] += kept * value[d];
  }
}

void clear(const Tensor& tensor) {
  for (int64_t r = 0; r < tensor.rows(); ++r) {
    std::fill_n(tensor.row<double>(r), tensor.columns(), 0.0);
  }
}

/// What one query row of one head adds to the three gradients.
void differentiate(const AttentionBackward& op, const Scope& scope, int64_t row, double* scores) {
  const int64_t column = scope.head * scope.head_size, size = scope.head_size;
  const double scale = 1 / std::sqrt(double(size));
  const double log_sum_exp = op.log_sum_exp.row<const double>(row)[scope.head];
  const double* query = op.queries.row<const double>(row) + column;
  const double* dcontext = op.dcontext.row<const double>(row) + column;
  const double delta = dot(dcontext, op.context.row<const double>(row) + column, size);
  double* dquery = op.dqueries.row<double>(row) + column;

  score(op, scope, row, scores);
  for (int64_t j = 0; j < scope.keys; ++j) {
    const double* key = op.keys.row<const double>(scope.first_key + j) + column;
    const double* value = op.values.row<const double>(scope.first_key + j) + column;
    double* dkey = op.dkeys.row<double>(scope.first_key + j) + column;
    double* dvalue = op.dvalues.row<double>(scope.first_key + j) + column;
    const double probability = std::exp(scores[j] - log_sum_exp);
    const double mask = dropout_factor(op.dropout, row, scope.head, j);
    const double dscore = probability * (mask * dot(dcontext, value, size) - delta) * scale;
    for (int64_t d = 0; d < size; ++d) {
      dvalue[d] += mask * probability * dcontext[d];
      dquery[d] += dscore * key[d];
      dkey[d] += dscore * query[d];
    }
  }
}

/// Calls body(scope, query row) for every head of every sequence.
template <class Op, class Body>
void for_each_query(const Op& op, const Body& body) {
  const auto* query_offsets = op.query_cu_seqlens.template as<const int32_t>();
  const auto* key_offsets = op.cu_seqlens.template as<const int32_t>();
  const int64_t head_size = op.queries.columns() / op.heads;
  for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
    const int64_t keys = key_offsets[b + 1] - key_offsets[b];
    for (int64_t head = 0; head < op.heads; ++head) {
      for (int64_t i = query_offsets[b]; i < query_offsets[b + 1]; ++i) {
        body(Scope{key_offsets[b], keys, head, head_size}, i);
      }
    }
  }
}

}  // namespace

void ReferenceOps::run(const AttentionForward& op) {
  require_f64("attention", "queries", op.queries);
  double* probabilities = op.probabilities.as<double>();
  std::vector<double> scores(static_cast<size_t>(op.keys.rows()));
  for_each_query(op, [&](const Scope& scope, int64_t row) {
    attend(op, scope, row, scores.data());
    if (op.probabilities) probabilities = std::copy_n(scores.begin(), scope.keys, probabilities);
  });
}

void ReferenceOps::run(const AttentionBackward& op) {
  require_f64("attention_backward", "queries", op.queries);
  for (const Tensor* gradient : {&op.dqueries, &op.dkeys, &op.dvalues}) clear(*gradient);
  std::vector<double> scores(static_cast<size_t>(op.keys.rows()));
  for_each_query(
      op, [&](const Scope& scope, int64_t row) { differentiate(op, scope, row, scores.data()); });
}

}  // namespace albert
