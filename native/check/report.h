// What albert_check prints: lines for people, or one JSON document.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "check/check.h"
#include "check/model_timing.h"
#include "check/training.h"

namespace albert::checks {

/// All reports of one op on one instruction set in one dtype.
struct OpSummary {
  std::string op;
  std::string instruction_set;
  std::string dtype;
  int64_t cases = 0;
  int64_t failed = 0;
  double worst_absolute = 0;
  double worst_relative_l2 = 0;
  double worst_share = 0;  // the largest error as a share of what is allowed
};

/// In the order of first appearance.
std::vector<OpSummary> summarize(const std::vector<ParityReport>& reports);

void print_cases(std::ostream& out, const std::vector<CaseInfo>& cases, bool json);
/// A line for each failure and one for each summary.
void print_parity(std::ostream& out, const std::vector<ParityReport>& reports, bool json);
/// A line for each failure and one for each op.
void print_gradients(std::ostream& out, const std::vector<GradientReport>& reports, bool json);
/// A line for each run.
void print_training(std::ostream& out, const std::vector<TrainingReport>& reports, bool json);
/// What one run of a case costs, as its op counts.
struct CaseCost {
  std::string case_name;
  std::string op;
  std::string dtype;
  double flops;
  double bytes;
};
void print_costs(std::ostream& out, const std::vector<CaseCost>& costs, bool json);
void print_timing(std::ostream& out, const std::vector<TimingReport>& reports, bool json);

/// Prints timings of models as they come, for they take long: lines of a table, or one document.
class ModelPrinter {
 public:
  ModelPrinter(std::ostream& out, bool json);
  void add(const ModelTiming& timing);
  void finish();

 private:
  std::ostream& out_;
  const bool json_;
  bool is_first_ = true;
};

}  // namespace albert::checks
