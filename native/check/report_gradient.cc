// What albert_check prints of gradients.
#include <algorithm>
#include <cstdio>
#include <ostream>

#include "check/json_text.h"
#include "check/report.h"

namespace albert::checks {

namespace {

/// All gradients of one op.
struct Summary {
  std::string op;
  int64_t cases = 0;
  int64_t failed = 0;
  int64_t compared = 0;
  double worst = 0;
};

std::vector<Summary> summarize(const std::vector<GradientReport>& reports) {
  std::vector<Summary> summaries;
  for (const GradientReport& report : reports) {
    auto same = std::find_if(summaries.begin(), summaries.end(),
                             [&](const Summary& summary) { return summary.op == report.op; });
    if (same == summaries.end()) same = summaries.insert(same, {.op = report.op});
    ++same->cases;
    if (!report.passed()) ++same->failed;
    for (const GradientError& error : report.gradients) {
      same->compared += error.compared;
      same->worst = std::max(same->worst, error.max_relative);
    }
  }
  return summaries;
}

int64_t count_failed(const std::vector<GradientReport>& reports) {
  return std::count_if(reports.begin(), reports.end(),
                       [](const GradientReport& report) { return !report.passed(); });
}

void print_lines(std::ostream& out, const std::vector<GradientReport>& reports) {
  for (const GradientReport& report : reports) {
    if (!report.passed())
      out << "FAIL " << report.case_name << ": " << report.failures.front() << "\n";
  }
  for (const Summary& s : summarize(reports)) {
    char text[200];
    std::snprintf(text, sizeof text, "%-29s %4lld passed %4lld failed   worst %8.2e of %lld\n",
                  s.op.c_str(), (long long)(s.cases - s.failed), (long long)s.failed, s.worst,
                  (long long)s.compared);
    out << text;
  }
  const int64_t failed = count_failed(reports);
  out << int64_t(reports.size()) - failed << " passed, " << failed << " failed\n";
}

std::string json_of(const Summary& s) {
  return "{\"op\": " + json_string(s.op) + ", \"cases\": " + std::to_string(s.cases) +
         ", \"failed\": " + std::to_string(s.failed) +
         ", \"compared\": " + std::to_string(s.compared) +
         ", \"worst_relative\": " + json_number(s.worst) + "}";
}

std::string json_of(const GradientReport& r) {
  return "{\"case\": " + json_string(r.case_name) +
         ", \"failures\": " + json_list(r.failures, json_string) + "}";
}

void print_json(std::ostream& out, const std::vector<GradientReport>& reports) {
  std::vector<GradientReport> failed;
  for (const GradientReport& report : reports) {
    if (!report.passed()) failed.push_back(report);
  }
  const auto format = [](const auto& item) { return json_of(item); };
  out << "{\n  \"mode\": \"gradient\",\n  \"passed\": " << reports.size() - failed.size()
      << ",\n  \"failed\": " << failed.size()
      << ",\n  \"ops\": " << json_list(summarize(reports), format)
      << ",\n  \"failures\": " << json_list(failed, format) << "\n}\n";
}

}  // namespace

void print_gradients(std::ostream& out, const std::vector<GradientReport>& reports, bool json) {
  json ? print_json(out, reports) : print_lines(out, reports);
}

}  // namespace albert::checks
