// The header is made from the shapes alone; then each tensor is converted piece by piece.
#include "formats/safetensors_writer.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/safetensors.h"

namespace albert::formats {

namespace {

using Order = std::vector<const TensorToWrite*>;

void check(std::span<const TensorToWrite> tensors) {
  std::set<std::string_view> names;
  for (const TensorToWrite& item : tensors) {
    const std::string where = "safetensors writer: tensor " + quote_for_message(item.name) + ": ";
    if (item.name == "__metadata__") throw Error(ErrorCode::kFormat, where + "a reserved name");
    if (!names.insert(item.name).second) {
      throw Error(ErrorCode::kFormat, where + "the name occurs twice");
    }
    const bool is_empty = item.tensor.rank > 0 && item.tensor.size() == 0;
    const DType dtype = item.tensor.dtype;
    if ((!item.tensor && !is_empty) || (dtype != DType::kF32 && dtype != DType::kF64)) {
      throw Error(ErrorCode::kType, where + "expected f32 or f64, got " + item.tensor.describe());
    }
    const DType narrow = dtype == DType::kF32 ? DType::kBF16 : DType::kF32;
    if (item.stored != dtype && item.stored != narrow) {
      throw Error(ErrorCode::kType, where + "can be stored as " + name_of(dtype) + " or " +
                                        name_of(narrow) + ", not as " + name_of(item.stored));
    }
  }
}

/// Wide elements first: offsets then are multiples of the element size throughout.
Order aligned_order(std::span<const TensorToWrite> tensors) {
  Order order;
  order.reserve(tensors.size());
  for (const TensorToWrite& item : tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->stored) > size_of(b->stored);
  });
  return order;
}

std::string header_entry(const TensorToWrite& item, uint64_t begin, uint64_t end) {
  std::string shape;
  for (int i = 0; i < item.tensor.rank; ++i) {
    shape += (i ? "," : "") + std::to_string(item.tensor.shape[i]);
  }
  const char* dtype = item.stored == DType::kF64   ? "F64"
                      : item.stored == DType::kF32 ? "F32"
                                                   : "BF16";
  return quote_json(item.name) + ":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string make_header(const Order& order, const std::map<std::string, std::string>& metadata) {
  std::string header = "{\"__metadata__\":{";
  for (const auto& [name, value] : metadata) {
    if (header.back() != '{') header += ',';
    header += quote_json(name) + ":" + quote_json(value);
  }
  header += '}';
  uint64_t begin = 0;
  for (const TensorToWrite* item : order) {
    const uint64_t end = begin + uint64_t(item->tensor.size()) * size_of(item->stored);
    header += "," + header_entry(*item, begin, end);
    begin = end;
  }
  header += '}';
  header.append((8 - header.size() % 8) % 8, ' ');  // the data start at a multiple of 8
  return header;
}

template <class Stored, class Number, class Round>
void write_rounded(AtomicFile& file, std::span<const Number> values, const Round& round) {
  constexpr size_t kPiece = 16384;
  std::vector<Stored> piece;
  while (!values.empty()) {
    const std::span<const Number> part = values.first(std::min(kPiece, values.size()));
    piece.resize(part.size());
    std::transform(part.begin(), part.end(), piece.begin(), round);
    file.write(std::as_bytes(std::span(piece)));
    values = values.subspan(part.size());
  }
}

void write_values(AtomicFile& file, DType stored, std::span<const float> values) {
  if (stored == DType::kF32) return file.write(std::as_bytes(values));
  write_rounded<BFloat16>(file, values, to_bfloat16);
}

void write_values(AtomicFile& file, DType stored, std::span<const double> values) {
  if (stored == DType::kF64) return file.write(std::as_bytes(values));
  write_rounded<float>(file, values, [](double value) { return float(value); });
}

template <class Number>
void write_rows(AtomicFile& file, const TensorToWrite& item) {
  const Tensor& tensor = item.tensor;
  const auto write = [&](const Number* begin, int64_t count) {
    write_values(file, item.stored, std::span(begin, size_t(count)));
  };
  if (tensor.contiguous()) return write(tensor.as<const Number>(), tensor.size());
  for (int64_t row = 0; row < tensor.rows(); ++row) {
    write(tensor.row<const Number>(row), tensor.columns());
  }
}

void write_tensor(AtomicFile& file, const TensorToWrite& item) {
  if (item.tensor.dtype == DType::kF64) return write_rows<double>(file, item);
  write_rows<float>(file, item);
}

}  // namespace

void write_safetensors(const std::string& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  check(tensors);
  const Order order = aligned_order(tensors);
  const std::string header = make_header(order, metadata);
  if (header.size() > kMaxSafetensorsHeader) {
    throw Error(ErrorCode::kFormat, "safetensors writer: the header would exceed 100 MB");
  }
  AtomicFile file(path);
  const uint64_t length = header.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const TensorToWrite* item : order) write_tensor(file, *item);
  file.commit();
}

}  // namespace albert::formats
