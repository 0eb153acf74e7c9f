// Packing and unpacking of weight panels.
#include "ops/cpu/packed_weight.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace albert::cpu {

namespace {

bool is_master(const Tensor& tensor) {
  return tensor.dtype == DType::kF32 || tensor.dtype == DType::kF64;
}

[[noreturn]] void refuse(const std::string& expected, const Tensor& got) {
  throw Error(ErrorCode::kShape, "prepare: expected " + expected + ", got " + got.describe());
}

void check_part(const LinearParams& part, int64_t inputs) {
  const Tensor& weight = part.weight;
  if (weight.rank != 2 || weight.size() == 0 || weight.columns() != inputs || !is_master(weight)) {
    refuse("a weight of f32 or f64 [outputs, " + std::to_string(inputs) + "]", weight);
  }
  const Tensor& bias = part.bias;
  if (bias && (bias.rank != 1 || bias.size() != weight.rows() || !is_master(bias))) {
    refuse("a bias of f32 or f64 [" + std::to_string(weight.rows()) + "]", bias);
  }
}

int64_t inputs_of(std::span<const LinearParams> parts) {
  if (parts.empty()) throw Error(ErrorCode::kShape, "prepare: expected at least one part, got 0");
  for (const LinearParams& part : parts) check_part(part, parts[0].weight.columns());
  return parts[0].weight.columns();
}

int64_t outputs_of(std::span<const LinearParams> parts) {
  int64_t total = 0;
  for (const LinearParams& part : parts) total += part.weight.rows();
  return total;
}

/// Calls visit with a null pointer of the tensor's element type.
template <class Visit>
void with_element_type(const Tensor& tensor, const Visit& visit) {
  if (tensor.dtype == DType::kF64) {
    visit(static_cast<double*>(nullptr));
  } else {
    visit(static_cast<float*>(nullptr));
  }
}

/// Rows are read front to back, panels written in strides: short runs keep the panel's lines in L1
/// while all its columns come by.
constexpr int64_t kRun = 128;

}  // namespace

PackedWeight::PackedWeight(const KernelTable& kernels, std::span<const LinearParams> parts)
    : LinearWeight(inputs_of(parts), outputs_of(parts)),
      kernels_(kernels),
      panel_count_((outputs() + kernels.panel_columns - 1) / kernels.panel_columns),
      panels_(size_t(panel_count_ * inputs() * kernels.panel_columns)),
      bias_(size_t(panel_count_ * kernels.panel_columns)) {
  std::fill_n(bias_.data(), bias_.size(), 0.0f);
  const int64_t panel_size = inputs() * kernels.panel_columns;
  std::fill_n(panels_.data() + (panel_count_ - 1) * panel_size, panel_size, 0.0f);
  int64_t first_output = 0;
  for (const LinearParams& part : parts) {
    pack(part, first_output);
    first_output += part.weight.rows();
  }
}

size_t PackedWeight::bytes() const {
  return (panels_.size() + bias_.size()) * sizeof(float);
}

float* PackedWeight::column(int64_t output) const {
  const int64_t width = kernels_.panel_columns;
  return panels_.data() + output / width * inputs() * width + output % width;
}

void PackedWeight::pack(const LinearParams& part, int64_t first_output) {
  const int64_t width = kernels_.panel_columns, rows = part.weight.rows();
  with_element_type(part.weight, [&]<class T>(T*) {
    for (int64_t begin = 0; begin < rows; begin += width) {
      for (int64_t k0 = 0; k0 < inputs(); k0 += kRun) {
        const int64_t k1 = std::min(k0 + kRun, inputs());
        for (int64_t r = begin; r < std::min(begin + width, rows); ++r) {
          const T* source = part.weight.row<T>(r);
          float* target = column(first_output + r);
          for (int64_t k = k0; k < k1; ++k) target[k * width] = float(source[k]);
        }
      }
    }
  });
  if (!part.bias) return;
  with_element_type(part.bias, [&]<class T>(T*) {
    std::transform(part.bias.as<T>(), part.bias.as<T>() + rows, bias_.data() + first_output,
                   [](T value) { return float(value); });
  });
}

void PackedWeight::unpack(const LinearParams& params, int64_t first_output) const {
  check_part(params, inputs());
  const int64_t rows = params.weight.rows();
  if (first_output < 0 || first_output + rows > outputs()) {
    refuse("rows inside [0, " + std::to_string(outputs()) + ") from " +
               std::to_string(first_output) + " on",
           params.weight);
  }
  with_element_type(params.weight, [&]<class T>(T*) {
    for (int64_t r = 0; r < rows; ++r) {
      const float* source = column(first_output + r);
      T* target = params.weight.row<T>(r);
      for (int64_t k = 0; k < inputs(); ++k) target[k] = T(source[k * kernels_.panel_columns]);
    }
  });
  if (!params.bias) return;
  with_element_type(params.bias, [&]<class T>(T*) {
    std::copy_n(bias_.data() + first_output, rows, params.bias.as<T>());
  });
}

}  // namespace albert::cpu
