// Sum of the word, segment and position embeddings of each token.
#pragma once

#include "core/tensor.h"

namespace albert {

/// y[t] = word[tokens[t]] + segment[segments[t]] + position[positions[t]], added in that order.
/// The caller has checked that every index lies inside its table.
struct EmbeddingForward {
  Tensor y;          // (T, E)
  Tensor tokens;     // (T) i32, in [0, V)
  Tensor segments;   // (T) i32, in [0, segment rows)
  Tensor positions;  // (T) i32, in [0, position rows)
  Tensor word;       // (V, E), activation or master dtype
  Tensor segment;    // (types, E)
  Tensor position;   // (P, E)
};

/// dword[tokens[t]] += dy[t], dsegment[segments[t]] += dy[t], dposition[positions[t]] += dy[t];
/// each row of a table adds its tokens in the order of t.
struct EmbeddingBackward {
  Tensor dword;           // (V, E), added to
  Tensor dsegment;        // (types, E), added to
  Tensor dposition;       // (P, E), added to
  Tensor dy;              // (T, E)
  Tensor tokens;          // (T) i32
  Tensor segments;        // (T) i32
  Tensor positions;       // (T) i32
  int32_t padding_token;  // its row of dword gets nothing; -1 = there is no such row
};

void check(const EmbeddingForward& op);
double flops(const EmbeddingForward& op);
double bytes(const EmbeddingForward& op);
void check(const EmbeddingBackward& op);
double flops(const EmbeddingBackward& op);
double bytes(const EmbeddingBackward& op);

}  // namespace albert
