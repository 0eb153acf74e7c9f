// The door to the op checks.
#include "check/check.h"

#include "core/error.h"
#include "core/thread_pool.h"

namespace albert::checks {

std::vector<CaseInfo> list_cases() {
  std::vector<CaseInfo> list;
  for (const OpCase& each : all_cases()) {
    list.push_back({.name = each.name,
                    .op = each.op,
                    .timed = each.timed,
                    .heavy = each.heavy,
                    .backward = each.pair != nullptr});
  }
  return list;
}

ParityReport check_case(const std::string& name, const BackendOptions& options) {
  const std::shared_ptr<Backend> backend = open_backend(options);
  return check_parity(expect(find_case(name)), *backend);
}

GradientReport check_case_gradient(const std::string& name) {
  const OpCase& found = find_case(name);
  if (found.pair) return check_gradient(found);
  throw Error(ErrorCode::kNotFound, "check: " + name + " is no backward op");
}

TimingReport time_case(const std::string& name, const BackendOptions& options, int threads) {
  const std::shared_ptr<Backend> backend = open_backend(options);
  const int width = threads > 0 ? threads : thread_budget().threads;
  return time_case(expect(find_case(name)), *backend, width);
}

}  // namespace albert::checks
