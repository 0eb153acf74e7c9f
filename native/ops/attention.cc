// Contract of attention over packed sequences.
#include "ops/attention.h"

#include <string>

#include "ops/contract.h"

namespace albert {

void check(const AttentionForward& op) {
  const Contract contract("attention");
  contract.expect_float("queries", op.queries, {"Tq", "H"});
  const int64_t rows = op.queries.rows(), hidden = op.queries.columns();
  const DType dtype = op.queries.dtype, master = master_dtype_of(dtype);
  if (op.heads < 1 || hidden % op.heads != 0) {
    contract.fail("heads that divide the " + std::to_string(hidden) + " columns of queries",
                  std::to_string(op.heads));
  }
  contract.expect("keys", op.keys, dtype, {"T", hidden});
  contract.expect("values", op.values, dtype, {op.keys.rows(), hidden});
  contract.expect("context", op.context, dtype, {rows, hidden});
  contract.expect_optional("log_sum_exp", op.log_sum_exp, master, {rows, op.heads});
  contract.expect_optional("probabilities", op.probabilities, master, {"sum of A Lq Lk"});
  contract.expect_offsets("query_cu_seqlens", op.query_cu_seqlens);
  contract.expect("cu_seqlens", op.cu_seqlens, DType::kI32, {op.query_cu_seqlens.size()});
}

double flops(const AttentionForward& op) {
  const auto* query_offsets = op.query_cu_seqlens.as<const int32_t>();
  const auto* key_offsets = op.cu_seqlens.as<const int32_t>();
  double pairs = 0;
  for (int64_t b = 0; b + 1 < op.cu_seqlens.size(); ++b) {
    pairs += double(query_offsets[b + 1] - query_offsets[b]) *
             double(key_offsets[b + 1] - key_offsets[b]);
  }
  // Two products of 2 D operations a pair and head; scale, maximum, shift, exponential and sum.
  return pairs * (4.0 * double(op.queries.columns()) + 5.0 * double(op.heads)) +
         double(op.context.size());
}

double bytes(const AttentionForward& op) {
  return bytes_of({op.context, op.log_sum_exp, op.probabilities, op.queries, op.keys, op.values,
                   op.query_cu_seqlens, op.cu_seqlens});
}

}  // namespace albert
