// Matrices on the device: rounded, or quantized, on the host at load.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cuda/device.cuh"

namespace albert::cuda {

namespace {

DType element_of(const DeviceOptions& options, bool is_layer) {
  if (!is_layer) return DType::kF32;
  switch (options.arithmetic) {
    case Arithmetic::kFloat32:
      return DType::kF32;
    case Arithmetic::kBFloat16:
      return DType::kBF16;
    case Arithmetic::kFloat16:
      return DType::kF16;
    case Arithmetic::kInt8:
      return DType::kI8;
  }
  return DType::kF32;
}

/// Copies host bytes into a buffer, which is allocated the first time.
void upload(const Device& device, Buffer& buffer, const void* host, size_t bytes) {
  buffer.grow(device, bytes);
  device.copy({.to = buffer.data(),
               .to_pitch = bytes,
               .from = host,
               .from_pitch = bytes,
               .width = bytes,
               .rows = 1,
               .to_device = 1});
}

template <class T>
std::vector<T> download(const Device& device, const void* from, size_t count) {
  std::vector<T> host(count);
  const size_t bytes = count * sizeof(T);
  device.copy({.to = host.data(),
               .to_pitch = bytes,
               .from = from,
               .from_pitch = bytes,
               .width = bytes,
               .rows = 1,
               .to_device = 0});
  return host;
}

BFloat16 rounded(float value, BFloat16) {
  return to_bfloat16(value);
}
Float16 rounded(float value, Float16) {
  return to_float16(value);
}

/// Numbers of the host, and the element type that they are to have on the device.
struct Numbers {
  const float* begin;
  size_t count;
  DType dtype;
};

template <class T>
void upload_narrow(const Device& device, Buffer& buffer, const Numbers& numbers) {
  std::vector<T> narrow(numbers.count);
  std::transform(numbers.begin, numbers.begin + numbers.count, narrow.begin(),
                 [](float value) { return rounded(value, T{}); });
  upload(device, buffer, narrow.data(), numbers.count * sizeof(T));
}

void upload(const Device& device, Buffer& buffer, const Numbers& numbers) {
  if (numbers.dtype == DType::kBF16) return upload_narrow<BFloat16>(device, buffer, numbers);
  if (numbers.dtype == DType::kF16) return upload_narrow<Float16>(device, buffer, numbers);
  upload(device, buffer, numbers.begin, numbers.count * sizeof(float));
}

template <class T>
void widen(const Device& device, const void* from, size_t count, float* to) {
  const std::vector<T> host = download<T>(device, from, count);
  std::transform(host.begin(), host.end(), to, [](T value) { return to_float(value); });
}

}  // namespace

Weight::Weight(const Device& device, const WeightRequest& request)
    : device_(device),
      inputs_(request.inputs),
      outputs_(request.outputs),
      padded_outputs_(request.outputs),
      is_layer_(request.is_layer) {
  matrix_.dtype = element_of(device.options(), request.is_layer);
  matrix_.rank = 2;
  matrix_.shape = {outputs_, inputs_};
  matrix_.row_stride = inputs_;
  pack(request);
  matrix_.data = numbers_.data();
  if (is_layer_) device_.count_layer_bytes(int64_t(numbers_.bytes()));
}

Weight::~Weight() {
  if (is_layer_) device_.count_layer_bytes(-int64_t(numbers_.bytes()));
}

Tensor Weight::narrow_bias_row() const {
  return narrow_bias_.data() ? Tensor(narrow_bias_.data(), matrix_.dtype, {1, outputs_}) : Tensor{};
}

void Weight::pack(const WeightRequest& request) {
  const auto outputs = size_t(outputs_), count = size_t(outputs_ * inputs_);
  upload(device_, bias_, Numbers{request.bias, outputs, DType::kF32});
  if (matrix_.dtype == DType::kI8) return quantize(request);
  upload(device_, numbers_, Numbers{request.matrix, count, matrix_.dtype});
  if (matrix_.dtype == DType::kF32) return;
  upload(device_, narrow_bias_, Numbers{request.bias, outputs, matrix_.dtype});
}

/// Symmetric, a scale for each output: w = scale · q, |q| <= 127.
void Weight::quantize(const WeightRequest& request) {
  matrix_.row_stride = padded(inputs_);
  padded_outputs_ = padded(outputs_);
  std::vector<int8_t> steps(size_t(padded_outputs_ * matrix_.row_stride), 0);
  std::vector<float> scales(static_cast<size_t>(outputs_));
  for (int64_t o = 0; o < outputs_; ++o) {
    const float* row = request.matrix + o * inputs_;
    float largest = 0;
    for (int64_t i = 0; i < inputs_; ++i) largest = std::max(largest, std::fabs(row[i]));
    scales[size_t(o)] = largest / 127;
    const float inverse = largest > 0 ? 127 / largest : 0;
    for (int64_t i = 0; i < inputs_; ++i) {
      const float step = std::nearbyint(row[i] * inverse);
      steps[size_t(o * matrix_.row_stride + i)] = int8_t(std::clamp(step, -127.0f, 127.0f));
    }
  }
  upload(device_, numbers_, steps.data(), steps.size());
  upload(device_, scales_, scales.data(), scales.size() * sizeof(float));
}

size_t Weight::bytes() const {
  return numbers_.bytes() + bias_.bytes() + narrow_bias_.bytes() + scales_.bytes();
}

size_t Weight::bytes_of(const Device& device, const WeightRequest& request) {
  const DType element = element_of(device.options(), request.is_layer);
  const auto outputs = size_t(request.outputs), inputs = size_t(request.inputs);
  const size_t wide = outputs * sizeof(float);  // the bias
  if (element == DType::kF32) return outputs * inputs * sizeof(float) + wide;
  if (element != DType::kI8) return outputs * (inputs + 1) * size_of(element) + wide;
  return size_t(padded(request.outputs) * padded(request.inputs)) + 2 * wide;
}

void Weight::unpack(float* matrix, float* bias) const {
  const auto count = size_t(outputs_ * inputs_);
  if (bias) {
    const auto host = download<float>(device_, bias_.data(), size_t(outputs_));
    std::copy(host.begin(), host.end(), bias);
  }
  if (!matrix) return;
  if (matrix_.dtype == DType::kBF16) return widen<BFloat16>(device_, matrix_.data, count, matrix);
  if (matrix_.dtype == DType::kF16) return widen<Float16>(device_, matrix_.data, count, matrix);
  if (matrix_.dtype == DType::kF32) {
    const auto host = download<float>(device_, matrix_.data, count);
    std::copy(host.begin(), host.end(), matrix);
    return;
  }
  const auto steps = download<int8_t>(device_, matrix_.data, numbers_.bytes());
  const auto scales = download<float>(device_, scales_.data(), size_t(outputs_));
  for (int64_t o = 0; o < outputs_; ++o) {
    for (int64_t i = 0; i < inputs_; ++i) {
      matrix[o * inputs_ + i] = scales[size_t(o)] * steps[size_t(o * matrix_.row_stride + i)];
    }
  }
}

}  // namespace albert::cuda
