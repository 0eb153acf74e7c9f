// Contract of the embedding sum.
#include "ops/embedding.h"

#include "ops/contract.h"

namespace albert {

void check(const EmbeddingForward& op) {
  const Contract contract("embedding");
  contract.expect_master("y", op.y, {"T", "E"});
  const int64_t rows = op.y.rows(), columns = op.y.columns();
  const DType master = master_dtype_of(op.y.dtype);
  contract.expect("tokens", op.tokens, DType::kI32, {rows});
  contract.expect("segments", op.segments, DType::kI32, {rows});
  contract.expect("positions", op.positions, DType::kI32, {rows});
  contract.expect_beside("word", op.word, master, {"V", columns});
  contract.expect("segment", op.segment, master, {"types", columns});
  contract.expect("position", op.position, master, {"P", columns});
}

double flops(const EmbeddingForward& op) {
  return 2.0 * double(op.y.size());
}

double bytes(const EmbeddingForward& op) {
  // One row of each table is read a token, not the whole table.
  return bytes_of({op.y, op.tokens, op.segments, op.positions}) +
         double(op.y.size()) * double(size_of(op.word.dtype) + 2 * size_of(op.segment.dtype));
}

}  // namespace albert
