// How far each op may be from the reference.
#include "check/tolerance.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"

namespace albert::checks {

namespace {

struct Line {
  const char* op;
  const char* dtype;
  Tolerance tolerance;
};

// One rounding of float32 is at most 6e-8. Sums of n terms of either sign lose about sqrt(n) of
// these; exponentials, tanh and erf are good to a few.
constexpr Line kTable[] = {
    {"embedding", "fp32", {2e-7, 1e-7}},
    {"linear", "fp32", {4e-6, 2e-6}},
    {"layer_norm", "fp32", {2e-6, 1e-6}},
    {"attention", "fp32", {3e-6, 2e-6}},
    {"gather_rows", "fp32", {0, 0}},
    {"activation", "fp32", {5e-7, 2e-7}},
    {"softmax", "fp32", {5e-7, 5e-7}},
    {"weighted_sum", "fp32", {1e-6, 1e-6}},
    {"cross_entropy", "fp32", {5e-7, 5e-7}},
    {"binary_cross_entropy", "fp32", {5e-7, 2e-7}},
    {"squared_error", "fp32", {2e-7, 2e-7}},
    {"convert", "fp32", {0, 0}},
    {"square_sum", "fp32", {1e-6, 1e-6}},
    {"adamw", "fp32", {3e-7, 2e-7}},
    {"lamb", "fp32", {2e-6, 1e-6}},
    {"dropout", "fp32", {2e-7, 1e-7}},
    {"layer_norm_dropout", "fp32", {2e-6, 1e-6}},
    {"attention_dropout", "fp32", {3e-6, 2e-6}},
    {"linear_backward", "fp32", {8e-6, 4e-6}},
    {"layer_norm_backward", "fp32", {2e-6, 2e-6}},
    {"attention_backward", "fp32", {4e-6, 3e-6}},
    {"embedding_backward", "fp32", {1e-6, 1e-6}},
    {"gather_rows_backward", "fp32", {1e-6, 1e-6}},
    {"activation_backward", "fp32", {5e-7, 3e-7}},
    {"softmax_backward", "fp32", {1e-6, 1e-6}},
    {"weighted_sum_backward", "fp32", {1e-6, 1e-6}},
    {"cross_entropy_backward", "fp32", {5e-7, 5e-7}},
    {"binary_cross_entropy_backward", "fp32", {5e-7, 2e-7}},
    {"squared_error_backward", "fp32", {2e-7, 2e-7}},
    // A bfloat16 is off by up to 2^-9 of itself: inputs, weights and outputs each are.
    {"embedding", "bf16", {2e-2, 3e-3}},
    {"linear", "bf16", {2e-2, 1.3e-2}},
    {"layer_norm", "bf16", {2e-2, 1e-2}},
    {"attention", "bf16", {2e-2, 8e-3}},
    {"gather_rows", "bf16", {4e-3, 3e-3}},
    {"convert", "bf16", {4e-3, 3e-3}},
    {"dropout", "bf16", {1e-2, 5e-3}},
    {"layer_norm_dropout", "bf16", {2e-2, 1e-2}},
    {"attention_dropout", "bf16", {2e-2, 8e-3}},
    {"linear_backward", "bf16", {2e-2, 1.3e-2}},
    {"layer_norm_backward", "bf16", {2e-2, 1e-2}},
    {"attention_backward", "bf16", {2e-2, 1.5e-2}},
    {"gather_rows_backward", "bf16", {1e-2, 8e-3}},
    // Steps of 1/164 of a row's range and 1/99 of an output's largest weight, at worst.
    {"linear", "int8", {1e-1, 9e-2}},
    {"layer_norm", "int8", {2e-2, 1e-2}},
    {"attention", "int8", {2e-2, 8e-3}},
    {"gather_rows", "int8", {4e-3, 3e-3}},
    {"convert", "int8", {4e-3, 3e-3}},
};

constexpr Tolerance kFloat64 = {1e-12, 1e-13};

}  // namespace

Tolerance tolerance_of(const std::string& op, const std::string& dtype) {
  if (dtype == "fp64") return kFloat64;
  const auto* found = std::find_if(std::begin(kTable), std::end(kTable), [&](const Line& line) {
    return line.op == op && line.dtype == dtype;
  });
  if (found == std::end(kTable)) {
    throw Error(ErrorCode::kNotFound, "check: " + op + " does not compute in " + dtype);
  }
  return found->tolerance;
}

bool computes_in(const std::string& op, const std::string& dtype) {
  return std::any_of(std::begin(kTable), std::end(kTable),
                     [&](const Line& line) { return line.op == op && line.dtype == dtype; });
}

}  // namespace albert::checks
