// What albert_check prints of whole models.
#include <cstdio>
#include <ostream>

#include "check/json_text.h"
#include "check/report.h"

namespace albert::checks {

namespace {

std::string json_of(const ModelTiming& t) {
  return "{\"work\": " + json_string(t.work) + ", \"dtype\": " + json_string(t.dtype) +
         ", \"batch\": " + std::to_string(t.batch) + ", \"length\": " + std::to_string(t.length) +
         ", \"lengths\": " + json_string(t.lengths) + ", \"tokens\": " + std::to_string(t.tokens) +
         ", \"runs\": " + std::to_string(t.runs) + ", \"best_ms\": " + json_number(t.best_ms) +
         ", \"median_ms\": " + json_number(t.median_ms) +
         ", \"tokens_per_second\": " + json_number(t.tokens_per_second()) +
         ", \"tflops\": " + json_number(t.tflops()) + "}";
}

void print_line(std::ostream& out, const ModelTiming& t) {
  char text[200];
  std::snprintf(text, sizeof text,
                "%-8s %-5s %5lld x %-5lld %-7s %8lld %11.3f %11.3f %12.0f %9.2f\n",
                t.work.c_str(), t.dtype.c_str(), (long long)t.batch, (long long)t.length,
                t.lengths.c_str(), (long long)t.tokens, t.best_ms, t.median_ms,
                t.tokens_per_second(), t.tflops());
  out << text;
}

}  // namespace

ModelPrinter::ModelPrinter(std::ostream& out, bool json) : out_(out), json_(json) {
  out_ << (json_ ? "{\n  \"mode\": \"models\",\n  \"timings\": ["
                 : "work     dtype batch x length lengths   tokens     best ms   median ms"
                   "     tokens/s   TFLOP/s\n")
       << std::flush;
}

void ModelPrinter::add(const ModelTiming& timing) {
  if (json_) {
    out_ << (is_first_ ? "\n    " : ",\n    ") << json_of(timing);
  } else {
    print_line(out_, timing);
  }
  out_ << std::flush;
  is_first_ = false;
}

void ModelPrinter::finish() {
  if (json_) out_ << "\n  ]\n}\n";
}

}  // namespace albert::checks
