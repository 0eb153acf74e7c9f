// What albert_check prints.
#include "check/report.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <ostream>

#include "check/json_text.h"

namespace albert::checks {

namespace {

double share(const OutputError& error) {
  const auto of = [](double actual, double allowed) { return actual > 0 ? actual / allowed : 0.0; };
  return std::max(of(error.max_absolute, error.allowed_absolute),
                  of(error.relative_l2, error.allowed_relative_l2));
}

void add(OpSummary& summary, const ParityReport& report) {
  ++summary.cases;
  if (!report.passed()) ++summary.failed;
  for (const OutputError& error : report.outputs) {
    summary.worst_absolute = std::max(summary.worst_absolute, error.max_absolute);
    summary.worst_relative_l2 = std::max(summary.worst_relative_l2, error.relative_l2);
    summary.worst_share = std::max(summary.worst_share, share(error));
  }
}

std::string json_of(const OpSummary& s) {
  return "{\"op\": " + json_string(s.op) + ", \"isa\": " + json_string(s.instruction_set) +
         ", \"dtype\": " + json_string(s.dtype) + ", \"cases\": " + std::to_string(s.cases) +
         ", \"failed\": " + std::to_string(s.failed) +
         ", \"worst_absolute\": " + json_number(s.worst_absolute) +
         ", \"worst_relative_l2\": " + json_number(s.worst_relative_l2) +
         ", \"worst_share_of_tolerance\": " + json_number(s.worst_share) + "}";
}

std::string json_of(const ParityReport& r) {
  std::string failures;
  for (const std::string& each : r.failures)
    failures += (failures.empty() ? "" : ", ") + json_string(each);
  return "{\"case\": " + json_string(r.case_name) + ", \"isa\": " + json_string(r.instruction_set) +
         ", \"dtype\": " + json_string(r.dtype) + ", \"failures\": [" + failures + "]}";
}

std::string json_of(const TimingReport& r) {
  return "{\"case\": " + json_string(r.case_name) + ", \"isa\": " + json_string(r.instruction_set) +
         ", \"dtype\": " + json_string(r.dtype) + ", \"threads\": " + std::to_string(r.threads) +
         ", \"runs\": " + std::to_string(r.runs) + ", \"best_us\": " + json_number(r.best_us) +
         ", \"median_us\": " + json_number(r.median_us) +
         ", \"peak_share\": " + json_number(r.peak_share) +
         ", \"calm_peak_share\": " + json_number(r.calm_peak_share) +
         ", \"flops\": " + json_number(r.flops) + ", \"bytes\": " + json_number(r.bytes) +
         ", \"best_gflops\": " + json_number(r.best_gflops()) + "}";
}

std::string line_of(const OpSummary& s) {
  char text[200];
  std::snprintf(
      text, sizeof text, "%-29s %-9s %-5s %4lld passed %4lld failed   worst %8.2e (%3.0f %%)\n",
      s.op.c_str(), s.instruction_set.c_str(), s.dtype.c_str(), (long long)(s.cases - s.failed),
      (long long)s.failed, s.worst_absolute, 100 * s.worst_share);
  return text;
}

std::string line_of(const TimingReport& r) {
  char text[400];
  std::snprintf(
      text, sizeof text,
      "%-72s %-9s %-5s %2d threads  best %9.1f us  median %9.1f us  %7.1f GFLOP/s  %6.1f GB/s\n",
      r.case_name.c_str(), r.instruction_set.c_str(), r.dtype.c_str(), r.threads, r.best_us,
      r.median_us, r.best_gflops(), r.best_gigabytes_per_second());
  return text;
}

void print_parity_lines(std::ostream& out, const std::vector<ParityReport>& reports) {
  int64_t failed = 0;
  for (const ParityReport& report : reports) {
    if (report.passed()) continue;
    ++failed;
    out << "FAIL " << report.instruction_set << " " << report.dtype << " " << report.case_name
        << ": " << report.failures.front();
    if (report.failures.size() > 1) out << " (and " << report.failures.size() - 1 << " more)";
    out << "\n";
  }
  for (const OpSummary& summary : summarize(reports)) out << line_of(summary);
  out << int64_t(reports.size()) - failed << " passed, " << failed << " failed\n";
}

void print_parity_json(std::ostream& out, const std::vector<ParityReport>& reports) {
  std::vector<ParityReport> failed;
  std::copy_if(reports.begin(), reports.end(), std::back_inserter(failed),
               [](const ParityReport& report) { return !report.passed(); });
  const auto format = [](const auto& item) { return json_of(item); };
  out << "{\n  \"mode\": \"parity\",\n  \"passed\": " << reports.size() - failed.size()
      << ",\n  \"failed\": " << failed.size()
      << ",\n  \"ops\": " << json_list(summarize(reports), format)
      << ",\n  \"failures\": " << json_list(failed, format) << "\n}\n";
}

}  // namespace

std::vector<OpSummary> summarize(const std::vector<ParityReport>& reports) {
  std::vector<OpSummary> summaries;
  for (const ParityReport& report : reports) {
    auto same = std::find_if(summaries.begin(), summaries.end(), [&](const OpSummary& summary) {
      return summary.op == report.op && summary.instruction_set == report.instruction_set &&
             summary.dtype == report.dtype;
    });
    if (same == summaries.end()) {
      summaries.push_back(
          {.op = report.op, .instruction_set = report.instruction_set, .dtype = report.dtype});
      same = summaries.end() - 1;
    }
    add(*same, report);
  }
  return summaries;
}

void print_cases(std::ostream& out, const std::vector<CaseInfo>& cases, bool json) {
  if (json) {
    const auto format = [](const CaseInfo& info) {
      return "{\"case\": " + json_string(info.name) + ", \"op\": " + json_string(info.op) +
             ", \"timed\": " + (info.timed ? "true" : "false") +
             ", \"backward\": " + (info.backward ? "true" : "false") + "}";
    };
    out << "{\n  \"cases\": " << json_list(cases, format) << "\n}\n";
  } else {
    for (const CaseInfo& info : cases) out << info.name << "\n";
  }
}

void print_parity(std::ostream& out, const std::vector<ParityReport>& reports, bool json) {
  json ? print_parity_json(out, reports) : print_parity_lines(out, reports);
}

void print_costs(std::ostream& out, const std::vector<CaseCost>& costs, bool json) {
  const auto format = [](const CaseCost& cost) {
    return "{\"case\": " + json_string(cost.case_name) + ", \"op\": " + json_string(cost.op) +
           ", \"dtype\": " + json_string(cost.dtype) + ", \"flops\": " + json_number(cost.flops) +
           ", \"bytes\": " + json_number(cost.bytes) + "}";
  };
  if (json) {
    out << "{\n  \"mode\": \"cost\",\n  \"costs\": " << json_list(costs, format) << "\n}\n";
    return;
  }
  for (const CaseCost& cost : costs) {
    out << cost.case_name << " " << cost.dtype << ": " << json_number(cost.flops) << " operations, "
        << json_number(cost.bytes) << " bytes\n";
  }
}

void print_timing(std::ostream& out, const std::vector<TimingReport>& reports, bool json) {
  if (json) {
    const auto format = [](const TimingReport& report) { return json_of(report); };
    out << "{\n  \"mode\": \"timing\",\n  \"timings\": " << json_list(reports, format) << "\n}\n";
  } else {
    for (const TimingReport& report : reports) out << line_of(report);
  }
}

}  // namespace albert::checks
