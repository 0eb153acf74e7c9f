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

// Of GPUs, forward and backward: sums in other orders, exponentials by the hardware's functions.
constexpr Line kCudaTable[] = {
    {"convert", "fp32", {0, 0}},
    {"gather_rows", "fp32", {0, 0}},
    {"dropout", "fp32", {2e-7, 1e-7}},
    {"", "fp32", {2e-5, 1e-5}},
    {"", "bf16", {6e-2, 2e-2}},
    {"", "fp16", {1e-2, 4e-3}},
    {"linear", "int8", {1e-1, 9e-2}},
    {"", "int8", {6e-2, 2e-2}},
};
// What layers and their training are made of; all others compute in float32.
constexpr const char* kNarrowOnCuda[] = {
    "embedding",       "linear",          "layer_norm",          "attention",
    "convert",         "gather_rows",     "dropout",             "linear_backward",
    "layer_norm_backward", "attention_backward", "gather_rows_backward"};

bool is_cuda(const std::string& device) {
  return device.starts_with("cuda");
}

/// The line of an op and dtype; on CUDA a line without op is for all.
const Line* find_line(const std::string& op, const std::string& dtype, const std::string& device) {
  const auto find = [&](const auto& table) -> const Line* {
    const auto* found = std::find_if(std::begin(table), std::end(table), [&](const Line& line) {
      return (op == line.op || *line.op == '\0') && dtype == line.dtype;
    });
    return found == std::end(table) ? nullptr : found;
  };
  if (!is_cuda(device)) return find(kTable);
  const bool is_inference = dtype == "int8";
  const auto is_op = [&](const char* name) { return op == name; };
  const bool is_narrow =
      std::any_of(std::begin(kNarrowOnCuda), std::end(kNarrowOnCuda), is_op) &&
      !(is_inference && (op.ends_with("_backward") || op == "dropout" || op == "embedding"));
  return dtype == "fp32" || is_narrow ? find(kCudaTable) : nullptr;
}

}  // namespace

Tolerance tolerance_of(const std::string& op, const std::string& dtype, const std::string& device) {
  if (dtype == "fp64") return kFloat64;
  if (const Line* found = find_line(op, dtype, device)) return found->tolerance;
  throw Error(ErrorCode::kNotFound, "check: " + op + " does not compute in " + dtype);
}

bool computes_in(const std::string& op, const std::string& dtype, const std::string& device) {
  return find_line(op, dtype, device) != nullptr;
}

}  // namespace albert::checks
