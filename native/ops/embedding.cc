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

void check(const EmbeddingBackward& op) {
  const Contract contract("embedding_backward");
  contract.expect_master("dy", op.dy, {"T", "E"});
  const int64_t rows = op.dy.rows(), columns = op.dy.columns();
  const DType master = master_dtype_of(op.dy.dtype);
  contract.expect("tokens", op.tokens, DType::kI32, {rows});
  contract.expect("segments", op.segments, DType::kI32, {rows});
  contract.expect("positions", op.positions, DType::kI32, {rows});
  contract.expect("dword", op.dword, master, {"V", columns});
  contract.expect("dsegment", op.dsegment, master, {"types", columns});
  contract.expect("dposition", op.dposition, master, {"P", columns});
}

double flops(const EmbeddingBackward& op) {
  return 3.0 * double(op.dy.size());
}

double bytes(const EmbeddingBackward& op) {
  // One row of each table is read and written a token.
  return bytes_of({op.dy, op.tokens, op.segments, op.positions}) +
         6.0 * double(op.dy.size()) * double(size_of(op.dword.dtype));
}

}  // namespace albert
