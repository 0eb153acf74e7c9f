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

void check(const EmbeddingForward& op);
double flops(const EmbeddingForward& op);
double bytes(const EmbeddingForward& op);

}  // namespace albert
