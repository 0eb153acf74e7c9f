// How far each op may be from the reference.
#include "check/tolerance.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"

namespace albert::checks {

namespace {

struct Line {
  const char* op;
  DType dtype;
  Tolerance tolerance;
};

// One rounding of float32 is at most 6e-8. Sums of n terms of either sign lose about sqrt(n) of
// these; exponentials, tanh and erf are good to a few.
constexpr Line kTable[] = {
    {"embedding", DType::kF32, {2e-7, 1e-7}},
    {"linear", DType::kF32, {4e-6, 2e-6}},
    {"layer_norm", DType::kF32, {2e-6, 1e-6}},
    {"attention", DType::kF32, {3e-6, 2e-6}},
    {"gather_rows", DType::kF32, {0, 0}},
    {"activation", DType::kF32, {5e-7, 2e-7}},
    {"softmax", DType::kF32, {5e-7, 5e-7}},
    {"weighted_sum", DType::kF32, {1e-6, 1e-6}},
    {"cross_entropy", DType::kF32, {5e-7, 5e-7}},
    {"binary_cross_entropy", DType::kF32, {5e-7, 2e-7}},
    {"squared_error", DType::kF32, {2e-7, 2e-7}},
    {"dropout", DType::kF32, {1e-7, 1e-7}},
    {"embedding_backward", DType::kF32, {2e-6, 1e-6}},
    {"linear_backward", DType::kF32, {8e-6, 4e-6}},
    {"layer_norm_backward", DType::kF32, {4e-6, 2e-6}},
    {"attention_backward", DType::kF32, {6e-6, 4e-6}},
    {"gather_rows_backward", DType::kF32, {5e-7, 5e-7}},
    {"activation_backward", DType::kF32, {1e-6, 5e-7}},
    {"softmax_backward", DType::kF32, {2e-6, 1e-6}},
    {"weighted_sum_backward", DType::kF32, {2e-6, 1e-6}},
    {"cross_entropy_backward", DType::kF32, {1e-6, 1e-6}},
    {"binary_cross_entropy_backward", DType::kF32, {5e-7, 2e-7}},
    {"squared_error_backward", DType::kF32, {2e-7, 2e-7}},
};

constexpr Tolerance kFloat64 = {1e-12, 1e-13};

}  // namespace

Tolerance tolerance_of(const std::string& op, DType activation) {
  const auto* found = std::find_if(std::begin(kTable), std::end(kTable), [&](const Line& line) {
    return line.op == op && (line.dtype == activation || activation == DType::kF64);
  });
  if (found == std::end(kTable)) {
    throw Error(ErrorCode::kNotFound,
                "check: no tolerance is known for " + op + " in " + albert::name_of(activation));
  }
  return activation == DType::kF64 ? kFloat64 : found->tolerance;
}

}  // namespace albert::checks
