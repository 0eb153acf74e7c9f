// A backward op beside its forward: what parity, timing and finite differences make cases of.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "check/fixture.h"

namespace albert::checks {

/// Puts a case, or one item of it, on a fixture's backend.
using Binder = std::function<BoundOp(Fixture&)>;

/// The numbers that an op and its backward read, by the names of their fields.
using Arrays = std::map<std::string, HostArray>;

/// A forward op and its backward on the same inputs. An output of backward is called "d" and the
/// name of the input that it is the gradient of.
struct OpPair {
  /// Inputs of both; "d" + objective; what accumulated gradients begin from, under their names; and
  /// "dresidual" where there is a skip connection.
  Arrays arrays;
  std::function<BoundOp(Fixture&, const Arrays&)> forward;
  std::function<BoundOp(Fixture&, const Arrays&)> backward;
  /// The output of forward whose numbers, each times that of "d" + objective, make the sum that is
  /// differentiated.
  std::string objective;
  /// The input that "dresidual" reaches past the op; empty: none.
  std::string skipped = {};
  /// By what the gradient of an element of an input goes on, where the op passes it on through
  /// what made that input; none = 1.
  std::function<double(const std::string& input, int64_t element)> onwards = {};
};

enum class Precision { kFloat32, kFloat64 };

/// Runs forward on the reference and adds what it put out to the arrays; kFloat32 rounds it, so
/// that all backends read the same numbers.
void add_kept(OpPair& pair, Precision precision);

/// The ordinals and positions of rows, drawn.
struct Origins {
  std::vector<int32_t> sequences;
  std::vector<int32_t> positions;
};
Origins draw_origins(ValueSource& source, int64_t rows);

/// A dropout of the rows of a partition; none where the probability is 0.
Dropout bind_dropout(Fixture& fixture, double probability, const Origins& origins,
                     const Partition& partition);

}  // namespace albert::checks
