// Host numbers that the op cases are made of.
#include "check/values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace albert::checks {

namespace {

constexpr double kLargestFloat = double(std::numeric_limits<float>::max());

/// FNV-1a, so that a case keeps its numbers when other cases come and go.
uint64_t hash_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char character : text) hash = (hash ^ uint8_t(character)) * 0x100000001b3;
  return hash;
}

double as_float32(double value) {
  return double(float(value));
}

template <class Draw>
HostArray draw_matrix(int64_t rows, int64_t columns, Draw draw) {
  HostArray array{rows, columns, false, std::vector<double>(size_t(rows * columns))};
  for (double& value : array.values) value = as_float32(draw());
  return array;
}

}  // namespace

Partition Partition::each(int64_t rows) {
  return of_lengths(std::vector<int64_t>(size_t(rows), 1));
}

Partition Partition::of_lengths(const std::vector<int64_t>& lengths) {
  Partition partition{{0}};
  for (const int64_t length : lengths) partition.offsets.push_back(partition.rows() + length);
  return partition;
}

ValueSource::ValueSource(const std::string& case_name) : stream_(hash_of(case_name)) {}

HostArray ValueSource::matrix(int64_t rows, int64_t columns, double deviation, double center) {
  return draw_matrix(rows, columns, [&] { return center + deviation * stream_.normal(); });
}

HostArray ValueSource::vector(int64_t size, double deviation, double center) {
  return flattened(matrix(size, 1, deviation, center));
}

HostArray ValueSource::uniform_matrix(int64_t rows, int64_t columns, double low, double high) {
  return draw_matrix(rows, columns, [&] { return low + (high - low) * stream_.uniform(); });
}

std::vector<double> ValueSource::every_exponent(int of_each) {
  std::vector<double> numbers;
  for (int exponent = -149; exponent < 128; ++exponent) {
    const double power = std::ldexp(1.0, exponent);
    numbers.push_back(power);
    numbers.push_back(double(std::nextafter(float(2 * power), 0.0f)));
    for (int i = 2; i < of_each; ++i) {
      numbers.push_back(as_float32(std::min(power * (1 + stream_.uniform()), kLargestFloat)));
    }
  }
  return numbers;
}

std::vector<int32_t> ValueSource::indices(int64_t count, int64_t bound) {
  std::vector<int32_t> indices(static_cast<size_t>(count));
  for (int32_t& index : indices) index = int32_t(stream_.below(uint32_t(bound)));
  return indices;
}

HostArray flattened(HostArray array) {
  return {array.rows * array.columns, 1, true, std::move(array.values)};
}

HostArray constants(int64_t rows, int64_t columns, bool is_vector, double value) {
  return {rows, columns, is_vector, std::vector<double>(size_t(rows * columns), as_float32(value))};
}

std::string joined(const std::vector<int64_t>& lengths) {
  std::string text;
  for (const int64_t length : lengths) text += (text.empty() ? "" : "+") + std::to_string(length);
  return text;
}

}  // namespace albert::checks
