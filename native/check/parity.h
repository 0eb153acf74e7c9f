// Compares a backend with the reference, and its results with themselves in other company.
#pragma once

#include <string>
#include <vector>

#include "check/cases.h"

namespace albert::checks {

/// How far one output is from the reference's, and how far it may be.
struct OutputError {
  std::string name;
  double max_absolute;
  double relative_l2;
  double allowed_absolute;
  double allowed_relative_l2;

  bool passed() const {
    return max_absolute <= allowed_absolute && relative_l2 <= allowed_relative_l2;
  }
};

struct ParityReport {
  std::string case_name;
  std::string op;
  std::string device;
  std::string instruction_set;
  std::string dtype;
  std::vector<OutputError> outputs;
  std::vector<std::string> failures;  // in words, errors of outputs included

  bool passed() const { return failures.empty(); }
};

/// A case with its inputs drawn and the reference's results, to hold any number of backends
/// against.
struct ExpectedCase {
  const OpCase& op_case;
  Binder binder;
  std::vector<OutputValues> outputs;
  std::vector<int64_t> items;  // whose rows the outputs hold, one after the other; empty = all
};

ExpectedCase expect(const OpCase& op_case);

/// Of one run of all items, without running it.
double flops_of(const OpCase& op_case);

/// Every output within the op's tolerance, nothing written outside of outputs, and the same bits
/// with 1, 2 and 5 threads (of CUDA: on three streams) and, unless the backend promises less, for
/// each row or sequence alone; `once`: without these comparisons of bits, which run a case many
/// times. What the backend throws is a failure in the report.
ParityReport check_parity(const ExpectedCase& expected, Backend& backend, bool once = false);

}  // namespace albert::checks
