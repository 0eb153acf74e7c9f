// Puts a case's tensors on a backend, surrounded by guard zones, and takes its results back.
#include "check/fixture.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace albert::checks {

namespace {

constexpr int64_t kGuard = 64;  // elements on either side: 128 bytes or more, and 64-byte aligned
constexpr double kSentinel = -0x1.8p+99;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

/// The largest part of a row's largest weight that packing may take off a weight.
double rounding_of(const std::string& dtype) {
  if (dtype == "bf16") return 0x1p-8;
  if (dtype == "fp16") return 0x1p-11;
  return dtype == "int8" ? 0.51 / 64 : 0;
}

/// Whether each row is what was packed, but for rounding.
template <class Number>
bool unpacked(const std::vector<Number>& actual, const std::vector<Number>& packed, int64_t columns,
              double rounding) {
  for (size_t row = 0; row < packed.size(); row += size_t(columns)) {
    double largest = 0;
    for (size_t i = row; i < row + size_t(columns); ++i) {
      largest = std::max(largest, std::abs(double(packed[i])));
    }
    for (size_t i = row; i < row + size_t(columns); ++i) {
      if (!(std::abs(double(actual[i]) - double(packed[i])) <= rounding * largest)) return false;
    }
  }
  return true;
}

/// What unpack() returns must be what prepare() was given, to the bit or as its dtype rounds.
template <class Number>
void check_unpack(const LinearWeight& prepared, const std::vector<Number>& weights,
                  const std::vector<Number>& biases, double rounding) {
  std::vector<Number> weights_back(weights.size(), Number(kNaN)),
      biases_back(biases.size(), Number(kNaN));
  prepared.unpack({tensor_of(weights_back.data(), {prepared.outputs(), prepared.inputs()}),
                   tensor_of(biases_back.data(), {prepared.outputs()})},
                  0);
  if (!unpacked(weights_back, weights, prepared.inputs(), rounding) || biases_back != biases) {
    throw Error(ErrorCode::kBackend,
                "linear: expected unpack() to return what prepare() was given, got other numbers");
  }
}

DType dtype_of(Kind kind, const Backend& backend) {
  switch (kind) {
    case Kind::kActivation:
      return backend.activation_dtype();
    case Kind::kMaster:
      return backend.master_dtype();
    case Kind::kFloat64:
      return DType::kF64;
  }
  return DType::kF64;
}

/// The weight from `parts` parts of about equal size, in the precision of the backend's masters.
template <class Number>
std::unique_ptr<LinearWeight> prepare_parts(Backend& backend, const HostArray& matrix,
                                            const HostArray* bias, int parts) {
  const std::vector<Number> weights(matrix.values.begin(), matrix.values.end());
  std::vector<Number> biases(size_t(matrix.rows), Number(0));
  if (bias) biases.assign(bias->values.begin(), bias->values.end());

  std::vector<LinearParams> params;
  for (int part = 0; part < parts; ++part) {
    const int64_t first = matrix.rows * part / parts;
    const int64_t count = matrix.rows * (part + 1) / parts - first;
    params.push_back({tensor_of(weights.data() + first * matrix.columns, {count, matrix.columns}),
                      bias ? tensor_of(biases.data() + first, {count}) : Tensor{}});
  }
  std::unique_ptr<LinearWeight> prepared = backend.prepare(params, MatrixUse::kLayer);
  check_unpack(*prepared, weights, biases, rounding_of(backend.dtype()));
  return prepared;
}

}  // namespace

Fixture::~Fixture() {
  for (const auto& [pointer, bytes] : allocations_) stage_.backend.release(pointer, bytes);
}

Tensor Fixture::allocate(DType dtype, int64_t count) {
  const size_t bytes = size_t(count) * size_of(dtype);
  allocations_.reserve(allocations_.size() + 1);
  void* pointer = stage_.backend.allocate(bytes);
  allocations_.emplace_back(pointer, bytes);
  return Tensor(pointer, dtype, {count});
}

std::pair<int64_t, int64_t> Fixture::chosen_rows(const Partition& partition) const {
  if (!item_) return {0, partition.rows()};
  return {partition.offsets[size_t(*item_)], partition.offsets[size_t(*item_) + 1]};
}

std::vector<int64_t> Fixture::chosen_lengths(const Partition& partition) const {
  if (item_) return {partition.rows_of(*item_)};
  std::vector<int64_t> lengths;
  for (int64_t item = 0; item < partition.items(); ++item) {
    lengths.push_back(partition.rows_of(item));
  }
  return lengths;
}

Partition Fixture::chosen(const Partition& partition) const {
  return Partition::of_lengths(chosen_lengths(partition));
}

Tensor Fixture::place(const Request& request) {
  const Placement& placement = request.placement;
  Backend& backend = stage_.backend;
  const DType dtype = dtype_of(placement.kind, backend);
  const int64_t rows = request.partition.rows(), columns = request.columns;
  const int64_t stride = placement.left + columns + placement.right;
  std::vector<double> image(size_t(2 * kGuard + rows * stride), request.surroundings);
  for (int64_t r = 0; r < rows; ++r) {
    double* row = image.data() + kGuard + r * stride + placement.left;
    if (request.values) {
      std::copy_n(request.values + r * columns, columns, row);
    } else {
      std::fill_n(row, columns, kNaN);
    }
  }
  const Tensor whole = allocate(dtype, int64_t(image.size()));
  backend.upload(whole, tensor_of(image.data(), {int64_t(image.size())}));
  void* first = whole.as<char>() + size_t(kGuard + placement.left) * size_of(dtype);
  buffers_.push_back({request.name, request.partition, whole, std::move(image), rows, columns,
                      placement.left, stride, request.is_vector, request.accumulated});
  buffers_.back().image = download(buffers_.back());  // rounded, where the element type is narrow
  if (request.is_vector) return Tensor(first, dtype, {rows});
  Tensor tensor(first, dtype, {rows, columns});
  tensor.row_stride = stride;
  return tensor;
}

Tensor Fixture::input(const HostArray& array, const Partition& partition, Placement placement) {
  const int64_t first = chosen_rows(partition).first;
  return place({"", chosen(partition), array.columns, array.is_vector, placement, kNaN,
                array.values.data() + first * array.columns});
}

Tensor Fixture::shared(const HostArray& array, Placement placement) {
  return place({"", Partition{{0, array.rows}}, array.columns, array.is_vector, placement, kNaN,
                array.values.data()});
}

Tensor Fixture::output(const char* name, const Partition& partition, int64_t columns,
                       Placement placement) {
  return place({name, chosen(partition), columns, false, placement, kSentinel, nullptr});
}

Tensor Fixture::output_vector(const char* name, const Partition& partition, Kind kind) {
  const Placement placement{.kind = kind};
  return place({name, chosen(partition), 1, true, placement, kSentinel, nullptr});
}

Tensor Fixture::in_place(const char* name, const HostArray& array, const Partition& partition,
                         Placement placement) {
  const int64_t first = chosen_rows(partition).first;
  return place({name, chosen(partition), array.columns, array.is_vector, placement, kSentinel,
                array.values.data() + first * array.columns});
}

Tensor Fixture::accumulator(const char* name, const HostArray& array) {
  return place({.name = name,
                .partition = Partition{{0, array.rows}},
                .columns = array.columns,
                .is_vector = array.is_vector,
                .placement = {.kind = Kind::kMaster},
                .surroundings = kSentinel,
                .values = array.values.data(),
                .accumulated = true});
}

Tensor Fixture::upload_indices(const std::vector<int32_t>& indices) {
  const Tensor tensor = allocate(DType::kI32, int64_t(indices.size()));
  stage_.backend.upload(tensor, tensor_of(indices.data(), {int64_t(indices.size())}));
  indices_[tensor.data] = indices;
  return tensor;
}

Tensor Fixture::on_host(const Tensor& device) const {
  const std::vector<int32_t>& indices = indices_.at(device.data);
  return tensor_of(indices.data(), {int64_t(indices.size())});
}

Tensor Fixture::indices(const std::vector<int32_t>& indices, const Partition& partition) {
  const auto [first, last] = chosen_rows(partition);
  return upload_indices({indices.begin() + first, indices.begin() + last});
}

Tensor Fixture::offsets(const Partition& partition) {
  const Partition mine = chosen(partition);
  return upload_indices({mine.offsets.begin(), mine.offsets.end()});
}

Tensor Fixture::constant(double value) {
  const Tensor tensor = allocate(DType::kF64, 1);
  stage_.backend.upload(tensor, tensor_of(&value, {1}));
  return tensor;
}

const LinearWeight& Fixture::weight(const HostArray& matrix, const HostArray* bias, int parts) {
  std::unique_ptr<LinearWeight>& prepared = stage_.weights["weight"];
  if (prepared) return *prepared;
  const bool wide = stage_.backend.master_dtype() == DType::kF64;
  prepared = wide ? prepare_parts<double>(stage_.backend, matrix, bias, parts)
                  : prepare_parts<float>(stage_.backend, matrix, bias, parts);
  return *prepared;
}

std::vector<double> Fixture::download(const Buffer& buffer) const {
  std::vector<double> values(buffer.image.size());
  stage_.backend.download(tensor_of(values.data(), {int64_t(values.size())}), buffer.whole);
  return values;
}

std::vector<OutputValues> Fixture::outputs() const {
  std::vector<OutputValues> outputs;
  for (const Buffer& buffer : buffers_) {
    if (buffer.name.empty()) continue;
    const std::vector<double> all = download(buffer);
    OutputValues output{buffer.name,      buffer.partition,   buffer.columns,
                        buffer.is_vector, buffer.accumulated, {}};
    output.values.reserve(size_t(buffer.rows * buffer.columns));
    for (int64_t r = 0; r < buffer.rows; ++r) {
      const auto row = all.begin() + kGuard + r * buffer.stride + buffer.left;
      output.values.insert(output.values.end(), row, row + buffer.columns);
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::vector<std::string> Fixture::damage() const {
  std::vector<std::string> lines;
  for (const Buffer& buffer : buffers_) {
    std::vector<double> now = download(buffer);
    const bool is_output = !buffer.name.empty();
    for (int64_t r = 0; is_output && r < buffer.rows; ++r) {
      const int64_t first = kGuard + r * buffer.stride + buffer.left;
      std::copy_n(buffer.image.begin() + first, buffer.columns, now.begin() + first);
    }
    const auto changed = std::mismatch(now.begin(), now.end(), buffer.image.begin(), same_bits);
    if (changed.first == now.end()) continue;
    const int64_t place = changed.first - now.begin() - kGuard;
    lines.push_back((is_output ? "wrote outside of output " + buffer.name : "wrote to an input") +
                    ", element " + std::to_string(place) + " from its start");
  }
  return lines;
}

}  // namespace albert::checks
