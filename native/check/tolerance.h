// How far each op may be from the reference.
#pragma once

#include <string>

#include "core/dtype.h"

namespace albert::checks {

/// `absolute` is in units of the largest number of the expected output, of 1, or of the case's
/// magnitude, whichever is largest; `relative_l2` grows with a magnitude larger than the output.
struct Tolerance {
  double absolute;
  double relative_l2;
};

/// Throws Error{kNotFound} for an op without a line in the table.
Tolerance tolerance_of(const std::string& op, DType activation);

}  // namespace albert::checks
