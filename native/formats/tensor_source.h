// The tensors of one checkpoint, whether they lie in one safetensors file or in several shards.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors.h"

namespace albert::formats {

/// Gives tensors by name, as floating point numbers. Everything const is safe from several threads
/// at once. The files stay open, and unmapped, as long as the source lives.
class TensorSource {
 public:
  /// Takes a directory that holds model.safetensors or model.safetensors.index.json, or the path of
  /// one such file (an index ends in ".json"). Throws Error{kNotFound} where there are no weights,
  /// with a hint where those of another framework lie there; Error{kFormat} for a file that breaks
  /// the format, an index that names a tensor its shard lacks, or a shard outside the directory.
  static TensorSource open(const std::string& path);

  /// All names, sorted.
  std::vector<std::string> names() const;
  /// nullptr where there is no such tensor.
  const SafetensorsEntry* find(std::string_view name) const;
  /// Throws Error{kNotFound}.
  const std::vector<int64_t>& shape(std::string_view name) const;

  /// Converts the tensor from F16, BF16, F32 or F64. Throws Error{kNotFound}, Error{kShape} where
  /// the destination has another number of elements, Error{kFormat} for any other element type.
  void read_f32(std::string_view name, std::span<float> destination) const;
  void read_f64(std::string_view name, std::span<double> destination) const;

  /// Changes when any of the files is replaced or modified: a key for weights that are shared.
  const std::string& identity() const { return identity_; }
  /// What all tensors take in the files.
  uint64_t total_bytes() const;

 private:
  struct Location {
    size_t file;
    const SafetensorsEntry* entry;  // inside that file's map, whose nodes never move
  };

  TensorSource() = default;
  void add_file(const std::string& path);
  void add_all_of_file(const std::string& path);
  void add_shards(const std::string& index_path);
  const Location& locate(std::string_view name) const;
  template <class Number>
  void read_as(std::string_view name, std::span<Number> destination) const;

  std::vector<SafetensorsFile> files_;
  std::map<std::string, Location, std::less<>> tensors_;
  std::string identity_;
};

}  // namespace albert::formats
