// Contract of attention over packed sequences.
#include "ops/attention.h"

#include <string>

#include "ops/contract.h"

namespace albert {

namespace {

/// What forward and backward read alike.
template <class Op>
void check_inputs(const Contract& contract, const Op& op) {
  contract.expect_float("queries", op.queries, {"Tq", "H"});
  const int64_t rows = op.queries.rows(), hidden = op.queries.columns();
  const DType dtype = op.queries.dtype;
  if (op.heads < 1 || hidden % op.heads != 0) {
    contract.fail("heads that divide the " + std::to_string(hidden) + " columns of queries",
                  std::to_string(op.heads));
  }
  contract.expect("keys", op.keys, dtype, {"T", hidden});
  contract.expect("values", op.values, dtype, {op.keys.rows(), hidden});
  contract.expect("context", op.context, dtype, {rows, hidden});
  contract.expect_offsets("query_cu_seqlens", op.query_cu_seqlens);
  contract.expect("cu_seqlens", op.cu_seqlens, DType::kI32, {op.query_cu_seqlens.size()});
  contract.expect_dropout(op.dropout, rows);
}

/// Queries times keys, over all sequences.
template <class Op>
double pairs_of(const Op& op) {
  const auto* query_offsets = op.query_cu_seqlens.template as<const int32_t>();
  const auto* key_offsets = op.cu_seqlens.template as<const int32_t>();
  double pairs = 0;
  for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
    pairs += double(query_offsets[b + 1] - query_offsets[b]) *
             double(key_offsets[b + 1] - key_offsets[b]);
  }
  return pairs;
}

}  // namespace

void check(const AttentionForward& op) {
  const Contract contract("attention");
  check_inputs(contract, op);
  const DType master = master_dtype_of(op.queries.dtype);
  contract.expect_optional("log_sum_exp", op.log_sum_exp, master, {op.queries.rows(), op.heads});
  contract.expect_optional("probabilities", op.probabilities, master, {"sum of A Lq Lk"});
}

double flops(const AttentionForward& op) {
  // Two products of 2 D operations a pair and head; scale, maximum, shift, exponential and sum.
  return pairs_of(op) * (4.0 * double(op.queries.columns()) + 5.0 * double(op.heads)) +
         double(op.context.size());
}

double bytes(const AttentionForward& op) {
  return bytes_of({op.context, op.log_sum_exp, op.probabilities, op.queries, op.keys, op.values,
                   op.query_cu_seqlens, op.cu_seqlens});
}

void check(const AttentionBackward& op) {
  const Contract contract("attention_backward");
  check_inputs(contract, op);
  const int64_t rows = op.queries.rows(), hidden = op.queries.columns();
  const DType dtype = op.queries.dtype;
  contract.expect("dqueries", op.dqueries, dtype, {rows, hidden});
  contract.expect("dkeys", op.dkeys, dtype, {op.keys.rows(), hidden});
  contract.expect("dvalues", op.dvalues, dtype, {op.keys.rows(), hidden});
  contract.expect("dcontext", op.dcontext, dtype, {rows, hidden});
  contract.expect("log_sum_exp", op.log_sum_exp, master_dtype_of(dtype), {rows, op.heads});
}

double flops(const AttentionBackward& op) {
  // Five products of 2 D operations a pair and head (score, dp, dv, dq, dk); scale, shift,
  // exponential, difference and product.
  return pairs_of(op) * (10.0 * double(op.queries.columns()) + 5.0 * double(op.heads)) +
         2.0 * double(op.context.size());
}

double bytes(const AttentionBackward& op) {
  return bytes_of({op.dqueries, op.dkeys, op.dvalues, op.dcontext, op.context, op.log_sum_exp,
                   op.queries, op.keys, op.values, op.query_cu_seqlens, op.cu_seqlens});
}

}  // namespace albert
