// The door to the op checks: cases by name, for programs and for JavaScript.
#pragma once

#include <string>
#include <vector>

#include "check/gradient.h"
#include "check/parity.h"
#include "check/timing.h"
#include "ops/backend.h"

namespace albert::checks {

struct CaseInfo {
  std::string name;  // "linear/rows=7,inputs=13,outputs=5,gelu_tanh"
  std::string op;    // "linear"
  bool timed;        // a shape of a real model: what timing runs when nothing is named
  bool heavy;        // too much work for parity where nothing is named
  bool backward;     // has a gradient to check
};

std::vector<CaseInfo> list_cases();

/// Holds the backend that these options open against the reference. Wrong results are in the
/// report; throws Error{kNotFound} for an unknown case and Error{kBackend} for an unknown backend.
ParityReport check_case(const std::string& name, const BackendOptions& options);

/// Holds a backward op of the reference against finite differences. Throws Error{kNotFound} for a
/// case that is unknown or no backward op.
GradientReport check_case_gradient(const std::string& name);

/// Checks, then times. `threads` 0 means as many as the process may use. Throws as check_case does,
/// and Error{kBackend} where the check fails.
TimingReport time_case(const std::string& name, const BackendOptions& options, int threads = 0);

}  // namespace albert::checks
