// Holds the reference's backward ops against finite differences of its forward ops, in float64.
#pragma once

#include <string>
#include <vector>

#include "check/cases.h"

namespace albert::checks {

/// How far the gradient of one input is from the differences.
struct GradientError {
  std::string name;     // "dx"
  int64_t compared;     // elements; large tensors are sampled
  double max_relative;  // the largest difference, as a share of the largest gradient
  double allowed;

  bool passed() const { return max_relative <= allowed; }
};

struct GradientReport {
  std::string case_name;
  std::string op;
  std::vector<GradientError> gradients;
  std::vector<std::string> failures;  // in words

  bool passed() const { return failures.empty(); }
};

/// Every output of the backward op, element by element. What the reference throws is a failure in
/// the report. The case has a pair.
GradientReport check_gradient(const OpCase& op_case);

}  // namespace albert::checks
