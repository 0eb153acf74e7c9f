// Dropout: which elements are dropped is drawn from a counter, so that no mask is ever stored.
#pragma once

#include "core/philox.h"
#include "core/tensor.h"

namespace albert {

/// Where the rows of a matrix come from: the same in any packing, micro-step or tile.
struct RowOrigins {
  Tensor sequences;  // (R) i32: the ordinal of the row's sequence in the update
  Tensor positions;  // (R) i32: the row's place in its sequence
  bool operator==(const RowOrigins&) const = default;
};

/// Inverted dropout: an element is 0, or 1 / (1 − probability) times itself. Whether column c of a
/// row is kept is a function of (key, sequence, position, head, c) alone, so that backward draws
/// the mask of forward again, and every backend the same one:
///   block = 16 (c / 128) + c % 16,  slot = (c / 16) % 8,
///   words = philox({block, position, sequence, head}, key),
///   kept where the 16 bits number `slot` of words, low half first, are at least the threshold.
/// Sixteen neighbouring columns read the same half word of sixteen neighbouring blocks: vectors of
/// up to 16 lanes need no shuffle, and one block serves eight columns.
struct Dropout {
  double probability;  // in [0, 1), taken as the nearest multiple of 2^-16; 0 = none
  PhiloxKey key;       // see dropout_key
  RowOrigins rows;     // of the matrix; not read where the probability is 0
  bool operator==(const Dropout&) const = default;
};

/// The key of one place in the model at one update.
PhiloxKey dropout_key(uint64_t seed, uint64_t update, uint32_t site, uint32_t pass);

/// What 16 random bits must reach for an element to be kept; 0 = none is dropped.
uint32_t dropout_threshold(const Dropout& dropout);
/// What kept elements are multiplied by: 1 / (1 − probability as it is taken).
double dropout_scale(const Dropout& dropout);
/// The definition, element by element: 0 or dropout_scale. `head` is 0 but for the probabilities of
/// attention, whose rows are queries and whose columns are keys, counted from their sequence's
/// first. The origins lie in host memory.
double dropout_factor(const Dropout& dropout, int64_t row, int64_t head, int64_t column);

/// y = x ⊙ mask.
struct DropoutForward {
  Tensor y;  // (R, C); may be the same memory as x
  Tensor x;  // (R, C)
  Dropout dropout;
};

/// dx = dy ⊙ mask.
struct DropoutBackward {
  Tensor dx;  // (R, C); may be the same memory as dy
  Tensor dy;  // (R, C)
  Dropout dropout;
};

void check(const DropoutForward& op);
double flops(const DropoutForward& op);
double bytes(const DropoutForward& op);
void check(const DropoutBackward& op);
double flops(const DropoutBackward& op);
double bytes(const DropoutBackward& op);

}  // namespace albert
