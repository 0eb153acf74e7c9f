// Packing and unpacking of weight panels.
#include "ops/cpu/packed_weight.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

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

/// Sums of int8 products are exact in 32 bits up to so many inputs.
void check_exact_sums(int64_t inputs, const FormatKernels& int8) {
  const int64_t most = std::numeric_limits<int32_t>::max() / (int8.left_limit * int8.right_limit);
  if (inputs <= most) return;
  throw Error(ErrorCode::kBackend, "int8: sums of " + std::to_string(inputs) +
                                       " products do not fit into 32 bits (" +
                                       std::to_string(most) + " do); choose bf16 or fp32");
}

int64_t rounded_up(int64_t count, int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
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

/// A weight in the panels' element type and back.
float rounded(float value, float, float*) {
  return value;
}
BFloat16 rounded(float value, float, BFloat16*) {
  return to_bfloat16(value);
}
int8_t rounded(float value, float inverse, int8_t*) {
  return int8_t(std::lrint(value * inverse));
}

float restored(float value, float) {
  return value;
}
float restored(BFloat16 value, float) {
  return to_float(value);
}
float restored(int8_t value, float scale) {
  return float(value) * scale;
}

/// Rows are read front to back, panels written in strides: short runs keep the panel's lines in L1
/// while all its columns come by.
constexpr int64_t kRun = 128;

/// Calls visit with a null pointer of the format's element type.
template <class Visit>
void with_weight_type(Format format, const Visit& visit) {
  switch (format) {
    case Format::kF32:
      return visit(static_cast<float*>(nullptr));
    case Format::kBF16:
      return visit(static_cast<BFloat16*>(nullptr));
    case Format::kInt8:
      return visit(static_cast<int8_t*>(nullptr));
  }
}

}  // namespace

PackedWeight::PackedWeight(const KernelTable& kernels, Format format, ThreadPool& pool,
                           std::span<const LinearParams> parts)
    : PackedWeight(kernels, format, inputs_of(parts), outputs_of(parts)) {
  pack_parts(pool, parts);
}

PackedWeight::PackedWeight(const KernelTable& kernels, Format format, int64_t inputs,
                           int64_t outputs)
    : LinearWeight(inputs, outputs),
      kernels_(kernels),
      format_(format),
      words_(rounded_up((inputs + format_kernels().group - 1) / format_kernels().group,
                        format_kernels().word_multiple)),
      panel_count_((outputs + panel_columns() - 1) / panel_columns()) {
  if (format == Format::kInt8) check_exact_sums(inputs, format_kernels());
  const size_t columns = size_t(panel_count_ * panel_columns());
  panels_ = FloatBuffer(size_t(panel_count_) * panel_bytes() / sizeof(float));
  bias_ = FloatBuffer(columns);
  std::fill_n(bias_.data(), columns, 0.0f);
  if (format == Format::kInt8) {
    scales_ = FloatBuffer(columns);
    std::fill_n(scales_.data(), columns, 0.0f);
    sums_.assign(columns, 0);
  }
  // Only what no part fills: the rest of the last panel, and of every last word.
  const size_t panel_floats = panels_.size() / std::max<size_t>(size_t(panel_count_), 1);
  const bool ragged = words_ * format_kernels().group != inputs;
  const size_t filled = ragged ? 0 : panels_.size() - panel_floats;
  if (panel_count_ > 0) std::fill_n(panels_.data() + filled, panels_.size() - filled, 0.0f);
}

size_t PackedWeight::bytes() const {
  const std::lock_guard lock(transposing_);
  return (panels_.size() + bias_.size() + scales_.size() + sums_.size()) * sizeof(float) +
         (transposed_ ? transposed_->bytes() : 0);
}

size_t PackedWeight::panel_bytes() const {
  const FormatKernels& format = format_kernels();
  return size_t(words_ * format.group * format.right_bytes * panel_columns());
}

void PackedWeight::pack_parts(ThreadPool& pool, std::span<const LinearParams> parts) {
  int64_t first_output = 0;
  for (const LinearParams& part : parts) {
    with_weight_type(format_,
                     [&]<class Weight>(Weight*) { pack<Weight>(part, first_output, pool); });
    first_output += part.weight.rows();
  }
}

void PackedWeight::repack(std::span<const LinearParams> parts) {
  if (inputs_of(parts) != inputs() || outputs_of(parts) != outputs()) {
    throw Error(ErrorCode::kShape, "repack: expected parts of [" + std::to_string(outputs()) +
                                       ", " + std::to_string(inputs()) + "] together, got [" +
                                       std::to_string(outputs_of(parts)) + ", " +
                                       std::to_string(inputs_of(parts)) + "]");
  }
  std::fill(sums_.begin(), sums_.end(), 0);
  pack_parts(*ThreadPool::shared(), parts);
  transposed_is_current_ = false;
}

const PackedWeight& PackedWeight::transposed(ThreadPool& pool) const {
  const std::lock_guard lock(transposing_);
  if (!transposed_) {
    transposed_.reset(new PackedWeight(kernels_, format_, outputs(), inputs()));
  }
  if (!transposed_is_current_) transposed_->transpose_from(*this, pool);
  transposed_is_current_ = true;
  return *transposed_;
}

void PackedWeight::transpose_from(const PackedWeight& source, ThreadPool& pool) {
  pool.parallel_for(source.panel_count(), pool.size() + 1, [&](int64_t panel) {
    format_kernels().pack.transpose_panels({.panels = panels_.data(),
                                            .words = words_,
                                            .panel_count = panel_count_,
                                            .source = source.panels(),
                                            .source_words = source.words(),
                                            .source_panel = panel});
  });
}

void PackedWeight::pack_panels(const Tensor& weight, int64_t first_output, ThreadPool& pool) {
  const int64_t rows = weight.rows(), width = panel_columns();
  pool.parallel_for((rows + width - 1) / width, pool.size() + 1, [&](int64_t block) {
    format_kernels().pack.pack_across({.panels = panel(first_output / width + block),
                                       .x = weight.row<float>(block * width),
                                       .x_stride = weight.row_stride,
                                       .x_element = Element::kF32,
                                       .rows = std::min(width, rows - block * width),
                                       .columns = inputs()});
  });
}

int64_t PackedWeight::index_of(int64_t output, int64_t input) const {
  const int64_t width = panel_columns(), group = format_kernels().group;
  const int64_t word = output / width * words_ + input / group;
  return (word * width + output % width) * group + input % group;
}

template <class Source>
float PackedWeight::choose_scale(const Source* source, int64_t output) {
  float largest = 0, poison = 0;  // NaN where a weight is none or infinite: bytes hold neither
  for (int64_t k = 0; k < inputs(); ++k) {
    const float weight = float(source[k]);
    largest = std::max(largest, std::abs(weight));
    poison += weight * 0;
  }
  const float limit = float(format_kernels().right_limit);
  scales_.data()[output] = largest / limit + poison;
  return largest > 0 && poison == 0 ? limit / largest : 0;
}

template <class Weight, class Source>
void PackedWeight::pack_run(const Source* source, int64_t output, const Run& run) {
  const int64_t group = format_kernels().group, step = panel_columns() * group;
  Weight* target = reinterpret_cast<Weight*>(panels_.data()) + index_of(output, 0);
  int32_t sum = 0;
  for (int64_t k = run.begin; k < run.end; ++k) {
    const Weight weight = rounded(float(source[k]), run.inverse, static_cast<Weight*>(nullptr));
    target[k / group * step + k % group] = weight;
    if constexpr (std::is_same_v<Weight, int8_t>) sum += weight;
  }
  if constexpr (std::is_same_v<Weight, int8_t>) sums_[size_t(output)] += sum;
}

template <class Weight, class Source>
void PackedWeight::pack_rows(const Tensor& weight, int64_t begin, int64_t end, int64_t output) {
  std::vector<float> inverses(size_t(end - begin), 1.0f);
  if constexpr (std::is_same_v<Weight, int8_t>) {
    for (int64_t r = begin; r < end; ++r) {
      inverses[size_t(r - begin)] = choose_scale(weight.row<Source>(r), output + r);
    }
  }
  for (int64_t k = 0; k < inputs(); k += kRun) {
    for (int64_t r = begin; r < end; ++r) {
      const Run run = {k, std::min(k + kRun, inputs()), inverses[size_t(r - begin)]};
      pack_run<Weight>(weight.row<Source>(r), output + r, run);
    }
  }
}

template <class Weight>
void PackedWeight::pack(const LinearParams& part, int64_t first_output, ThreadPool& pool) {
  const int64_t rows = part.weight.rows(), width = panel_columns();
  const bool whole = first_output % width == 0 && part.weight.dtype == DType::kF32;
  if (whole && format_ != Format::kInt8) {
    pack_panels(part.weight, first_output, pool);
  } else {
    pack_elements<Weight>(part.weight, first_output, pool);
  }
  if (!part.bias) return;
  with_element_type(part.bias, [&]<class T>(T*) {
    std::transform(part.bias.as<T>(), part.bias.as<T>() + rows, bias_.data() + first_output,
                   [](T value) { return float(value); });
  });
}

template <class Weight>
void PackedWeight::pack_elements(const Tensor& weight, int64_t first_output, ThreadPool& pool) {
  const int64_t rows = weight.rows(), width = panel_columns();
  pool.parallel_for((rows + width - 1) / width, pool.size() + 1, [&](int64_t block) {
    with_element_type(weight, [&]<class Source>(Source*) {
      pack_rows<Weight, Source>(weight, block * width, std::min((block + 1) * width, rows),
                                first_output);
    });
  });
}

template <class Weight>
void PackedWeight::unpack_rows(const Tensor& weight, int64_t first_output) const {
  const Weight* packed = reinterpret_cast<const Weight*>(panels_.data());
  with_element_type(weight, [&]<class T>(T*) {
    for (int64_t r = 0; r < weight.rows(); ++r) {
      const int64_t output = first_output + r;
      const float scale = format_ == Format::kInt8 ? scales_.data()[output] : 1;
      T* target = weight.row<T>(r);
      for (int64_t k = 0; k < inputs(); ++k) {
        target[k] = T(restored(packed[index_of(output, k)], scale));
      }
    }
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
  with_weight_type(
      format_, [&]<class Weight>(Weight*) { unpack_rows<Weight>(params.weight, first_output); });
  if (!params.bias) return;
  with_element_type(params.bias, [&]<class T>(T*) {
    std::copy_n(bias_.data() + first_output, rows, params.bias.as<T>());
  });
}

}  // namespace albert::cpu
