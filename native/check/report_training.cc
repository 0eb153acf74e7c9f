// What albert_check prints of training.
#include <cstdio>
#include <ostream>

#include "check/json_text.h"
#include "check/report.h"

namespace albert::checks {

namespace {

void print_lines(std::ostream& out, const std::vector<TrainingReport>& reports) {
  for (const TrainingReport& r : reports) {
    char text[200];
    std::snprintf(text, sizeof text,
                  "%s %-12s %-5s %5lld updates  loss %.3f to %.3f  error %8.2e  %5lld forwards  "
                  "checkpoint %s\n",
                  r.passed() ? "ok  " : "FAIL", r.isa.c_str(), r.dtype.c_str(),
                  (long long)r.updates, r.first_loss, r.last_loss, r.worst_error,
                  (long long)r.forwards, r.resumed_equal ? "equal" : "DIFFERENT");
    out << text;
  }
}

std::string json_of(const TrainingReport& r) {
  return "{\"isa\": " + json_string(r.isa) + ", \"dtype\": " + json_string(r.dtype) +
         ", \"passed\": " + (r.passed() ? "true" : "false") +
         ", \"updates\": " + std::to_string(r.updates) +
         ", \"forwards\": " + std::to_string(r.forwards) +
         ", \"worst_relative\": " + json_number(r.worst_error) +
         ", \"first_loss\": " + json_number(r.first_loss) +
         ", \"last_loss\": " + json_number(r.last_loss) +
         ", \"resumed_equal\": " + (r.resumed_equal ? "true" : "false") + "}";
}

}  // namespace

void print_training(std::ostream& out, const std::vector<TrainingReport>& reports, bool json) {
  if (!json) return print_lines(out, reports);
  const auto format = [](const auto& item) { return json_of(item); };
  out << "{\n  \"mode\": \"training\",\n  \"runs\": " << json_list(reports, format) << "\n}\n";
}

}  // namespace albert::checks
