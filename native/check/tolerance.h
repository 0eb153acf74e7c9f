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

/// For "fp32", "bf16", "fp16", "int8" or "fp64" (the reference held against itself) on a device
/// ("cpu", "cuda", "cuda:1"). Throws Error{kNotFound} for an op without a line in the table.
Tolerance tolerance_of(const std::string& op, const std::string& dtype, const std::string& device);

/// Whether an op computes in a dtype there: ops of the heads alone know fp32 only.
bool computes_in(const std::string& op, const std::string& dtype, const std::string& device);

}  // namespace albert::checks
