// A product in every format, and attention in both element types, against plain loops.
#include "ops/cpu/self_check.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <vector>

#include "core/philox.h"
#include "core/thread_pool.h"
#include "ops/cpu/executor.h"
#include "ops/cpu/packed_weight.h"

namespace albert::cpu {

namespace {

// Neither whole tiles nor whole vectors nor whole words.
constexpr int64_t kRows = 37, kInputs = 67, kOutputs = 45;
constexpr int64_t kKeys = 35, kHeads = 1, kHeadSize = 20;

std::vector<float> numbers(int64_t count, uint32_t stream) {
  PhiloxStream source(stream);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = float(source.normal());
  return values;
}

/// ‖actual − expected‖ / ‖expected‖ is at most `tolerance`.
bool close(const std::vector<float>& actual, const std::vector<double>& expected,
           double tolerance) {
  double error = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += (double(actual[i]) - expected[i]) * (double(actual[i]) - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(error) <= tolerance * std::sqrt(size);  // false for NaN
}

/// Two matrices, and what plain loops make of them.
struct Operands {
  std::vector<float> x = numbers(kRows * kInputs, 1);
  std::vector<float> weight = numbers(kOutputs * kInputs, 2);
  std::vector<double> product;

  Operands() {
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t n = 0; n < kOutputs; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < kInputs; ++k) {
          sum += double(x[size_t(r * kInputs + k)]) * double(weight[size_t(n * kInputs + k)]);
        }
        product.push_back(sum);
      }
    }
  }
};

struct Worker {
  std::shared_ptr<ThreadPool> pool = ThreadPool::shared();
  CpuOps ops;

  explicit Worker(const KernelTable& kernels) : ops(kernels, pool, 1) {}
};

struct Product {
  Format format;
  Activation activation;  // none, or gelu_tanh
  double tolerance;
};

bool multiplies(const KernelTable& kernels, Worker& worker, const Operands& operands,
                const Product& check) {
  std::vector<float> x = operands.x, weight = operands.weight, y(size_t(kRows * kOutputs));
  const LinearParams params = {tensor_of(weight.data(), {kOutputs, kInputs}), {}};
  const PackedWeight packed(kernels, check.format, *worker.pool, {&params, 1});
  worker.ops.linear_forward({.y = tensor_of(y.data(), {kRows, kOutputs}),
                             .preactivation = {},
                             .x = tensor_of(x.data(), {kRows, kInputs}),
                             .weight = packed,
                             .activation = check.activation});
  std::vector<double> expected = operands.product;
  for (double& value : expected) value = activate(check.activation, value);
  return close(y, expected, check.tolerance);
}

std::vector<double> attended(const std::vector<float>& qkv) {
  const auto at = [&](int64_t part, int64_t row, int64_t d) {
    return double(qkv[size_t((part * kKeys + row) * kHeadSize + d)]);
  };
  std::vector<double> context(size_t(kKeys * kHeadSize));
  for (int64_t i = 0; i < kKeys; ++i) {
    double total = 0;
    for (int64_t j = 0; j < kKeys; ++j) {
      double score = 0;
      for (int64_t d = 0; d < kHeadSize; ++d) score += at(0, i, d) * at(1, j, d);
      const double e = std::exp(score / std::sqrt(double(kHeadSize)));
      total += e;
      for (int64_t d = 0; d < kHeadSize; ++d) context[size_t(i * kHeadSize + d)] += e * at(2, j, d);
    }
    for (int64_t d = 0; d < kHeadSize; ++d) context[size_t(i * kHeadSize + d)] /= total;
  }
  return context;
}

bool attends(Worker& worker, DType dtype, double tolerance) {
  const std::vector<float> qkv = numbers(3 * kKeys * kHeadSize, 3);
  std::vector<float> context(size_t(kKeys * kHeadSize));
  std::vector<BFloat16> narrow(4 * context.size());
  const Tensor wide(const_cast<float*>(qkv.data()), DType::kF32, {3 * kKeys, kHeadSize});
  const Tensor result(context.data(), DType::kF32, {kKeys, kHeadSize});
  Tensor parts = wide, output = result;
  if (dtype == DType::kBF16) {
    parts = tensor_of(narrow.data(), {3 * kKeys, kHeadSize});
    output = tensor_of(narrow.data() + 3 * context.size(), {kKeys, kHeadSize});
    worker.ops.convert_forward({.y = parts, .x = wide});
  }
  int32_t offsets[] = {0, int32_t(kKeys)};
  worker.ops.attention_forward({.context = output,
                                .log_sum_exp = {},
                                .probabilities = {},
                                .queries = parts.slice_rows(0, kKeys),
                                .keys = parts.slice_rows(kKeys, kKeys),
                                .values = parts.slice_rows(2 * kKeys, kKeys),
                                .query_cu_seqlens = tensor_of(offsets, {2}),
                                .cu_seqlens = tensor_of(offsets, {2}),
                                .heads = kHeads,
                                .dropout = {}});
  if (dtype == DType::kBF16) worker.ops.convert_forward({.y = result, .x = output});
  return close(context, attended(qkv), tolerance);
}

}  // namespace

bool self_check(const KernelTable& kernels) {
  Worker worker(kernels);
  const Operands operands;
  constexpr Activation kNone = Activation::kNone, kGelu = Activation::kGeluTanh;
  constexpr Product kProducts[] = {{Format::kF32, kNone, 1e-5},  {Format::kF32, kGelu, 1e-5},
                                   {Format::kBF16, kNone, 1e-2}, {Format::kBF16, kGelu, 1e-2},
                                   {Format::kInt8, kNone, 4e-2}, {Format::kInt8, kGelu, 4e-2}};
  return std::all_of(
             std::begin(kProducts), std::end(kProducts),
             [&](const Product& check) { return multiplies(kernels, worker, operands, check); }) &&
         attends(worker, DType::kF32, 1e-5) && attends(worker, DType::kBF16, 2e-2);
}

}  // namespace albert::cpu
