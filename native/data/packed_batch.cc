// Appending to packed batches, and the checks that make a batch safe to compute.
#include "data/packed_batch.h"

#include <string>

#include "core/error.h"

namespace albert::data {

void PackedBatch::clear() {
  tokens.clear();
  segments.clear();
  positions.clear();
  cu_seqlens.clear();
}

void PackedBatch::append(const PackedBatch& source, int64_t index) {
  const auto begin = source.cu_seqlens[index], end = source.cu_seqlens[index + 1];
  const auto copy = [&](const std::vector<int32_t>& from, std::vector<int32_t>& to) {
    to.insert(to.end(), from.begin() + begin, from.begin() + end);
  };
  copy(source.tokens, tokens);
  copy(source.segments, segments);
  copy(source.positions, positions);
  if (cu_seqlens.empty()) cu_seqlens.push_back(0);
  cu_seqlens.push_back(int32_t(tokens.size()));
}

void PackedBatch::pad(int64_t rows, int64_t sequences) {
  for (std::vector<int32_t>* column : {&tokens, &segments, &positions}) {
    column->resize(size_t(rows), 0);
  }
  cu_seqlens.resize(size_t(sequences) + 1, cu_seqlens.back());
}

namespace {

void validate_offsets(const PackedBatch& batch) {
  const size_t count = batch.tokens.size();
  if (batch.segments.size() != count || batch.positions.size() != count) {
    throw Error(ErrorCode::kShape, "batch: tokens, segments and positions differ in length");
  }
  if (batch.sequences() < 1) throw Error(ErrorCode::kRange, "batch: expected at least one row");
  if (batch.cu_seqlens.front() != 0 || size_t(batch.cu_seqlens.back()) != count) {
    throw Error(ErrorCode::kShape, "batch: offsets must run from 0 to the number of tokens");
  }
  for (int64_t b = 0; b < batch.sequences(); ++b) {
    if (batch.length(b) < 1) {
      throw Error(ErrorCode::kRange, "input_ids: row " + std::to_string(b) + " has no tokens");
    }
  }
}

struct IndexColumn {
  const char* name;
  const std::vector<int32_t>& values;
  int64_t limit;
};

void validate_indices(const PackedBatch& batch, const IndexColumn& column) {
  for (int64_t b = 0; b < batch.sequences(); ++b) {
    for (int32_t t = batch.cu_seqlens[b]; t < batch.cu_seqlens[b + 1]; ++t) {
      const int32_t value = column.values[t];
      if (value >= 0 && value < column.limit) continue;
      throw Error(ErrorCode::kRange, std::string(column.name) + ": " + std::to_string(value) +
                                         " (row " + std::to_string(b) + ", token " +
                                         std::to_string(t - batch.cu_seqlens[b]) +
                                         ") is outside 0 to " + std::to_string(column.limit - 1));
    }
  }
}

}  // namespace

void validate(const PackedBatch& batch, const BatchLimits& limits) {
  validate_offsets(batch);
  for (int64_t b = 0; b < batch.sequences(); ++b) {
    if (batch.length(b) <= limits.positions) continue;
    throw Error(ErrorCode::kRange, "input_ids: row " + std::to_string(b) + " has " +
                                       std::to_string(batch.length(b)) +
                                       " tokens, the model takes at most " +
                                       std::to_string(limits.positions) + "; truncate it");
  }
  validate_indices(batch, {"input_ids", batch.tokens, limits.vocabulary});
  validate_indices(batch, {"token_type_ids", batch.segments, limits.segment_types});
  validate_indices(batch, {"position_ids", batch.positions, limits.positions});
}

}  // namespace albert::data
