// Host numbers that the op cases are made of, drawn from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/philox.h"

namespace albert::checks {

/// A matrix, or a vector (columns = 1). Every number is one that float32 can hold, so that all
/// backends compute from the same inputs.
struct HostArray {
  int64_t rows;
  int64_t columns;
  bool is_vector;
  std::vector<double> values;
};

/// How the rows of a tensor belong to the items of a case: the rows or sequences whose results must
/// not depend on each other. Item i owns rows [offsets[i], offsets[i + 1]).
struct Partition {
  std::vector<int64_t> offsets;

  int64_t items() const { return int64_t(offsets.size()) - 1; }
  int64_t rows() const { return offsets.back(); }
  int64_t rows_of(int64_t item) const { return offsets[size_t(item) + 1] - offsets[size_t(item)]; }

  /// Every row is an item.
  static Partition each(int64_t rows);
  static Partition of_lengths(const std::vector<int64_t>& lengths);
};

/// Draws the inputs of a case; the case's name is the seed.
class ValueSource {
 public:
  explicit ValueSource(const std::string& case_name);

  /// Normal numbers of this standard deviation around `center`.
  HostArray matrix(int64_t rows, int64_t columns, double deviation = 1, double center = 0);
  HostArray vector(int64_t size, double deviation = 1, double center = 0);
  /// Uniform numbers in (low, high).
  HostArray uniform_matrix(int64_t rows, int64_t columns, double low, double high);
  /// Positive numbers of every exponent that float32 has, denormals included.
  std::vector<double> every_exponent(int of_each);
  /// Integers in [0, bound).
  std::vector<int32_t> indices(int64_t count, int64_t bound);

 private:
  PhiloxStream stream_;
};

/// The same numbers as a vector.
HostArray flattened(HostArray array);

/// The same number everywhere.
HostArray constants(int64_t rows, int64_t columns, bool is_vector, double value);

/// "1+37+5", as case names print lengths.
std::string joined(const std::vector<int64_t>& lengths);

}  // namespace albert::checks
