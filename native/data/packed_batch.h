// Sequences side by side without padding: token rows plus offsets.
#pragma once

#include <cstdint>
#include <vector>

namespace albert::data {

/// T tokens of B sequences. Sequence b owns rows [cu_seqlens[b], cu_seqlens[b + 1]).
struct PackedBatch {
  std::vector<int32_t> tokens;      // (T)
  std::vector<int32_t> segments;    // (T)
  std::vector<int32_t> positions;   // (T)
  std::vector<int32_t> cu_seqlens;  // (B + 1), starts with 0

  int64_t size() const { return int64_t(tokens.size()); }
  int64_t sequences() const { return cu_seqlens.empty() ? 0 : int64_t(cu_seqlens.size()) - 1; }
  int64_t length(int64_t sequence) const { return cu_seqlens[sequence + 1] - cu_seqlens[sequence]; }

  void clear();
  /// Appends sequence `index` of another batch.
  void append(const PackedBatch& source, int64_t index);
  /// Adds rows of token 0 that belong to no sequence, and sequences without rows, up to these
  /// sizes.
  void pad(int64_t rows, int64_t sequences);
};

/// What a model accepts.
struct BatchLimits {
  int64_t vocabulary;
  int64_t segment_types;
  int64_t positions;
};

/// Throws Error{kShape} where the arrays contradict each other, Error{kRange} where a sequence is
/// empty or a token, segment or position lies outside the limits; messages name sequence and token.
void validate(const PackedBatch& batch, const BatchLimits& limits);

}  // namespace albert::data
