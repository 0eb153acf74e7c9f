// How far each op may be from the reference.
#pragma once

#include <string>

namespace albert::checks {

/// `absolute` is in units of the largest number of the expected output, of 1, or of the case's
/// magnitude, whichever is largest; `relative_l2` grows with a magnitude larger than the output.
struct Tolerance {
  double absolute;
  double relative_l2;
};

/// For "fp32", "bf16", "int8" or "fp64" (the reference held against itself). Throws
/// Error{kNotFound} for an op without a line in the table.
Tolerance tolerance_of(const std::string& op, const std::string& dtype);

/// Whether an op computes in a dtype: ops of the heads alone know fp32 only.
bool computes_in(const std::string& op, const std::string& dtype);

}  // namespace albert::checks
