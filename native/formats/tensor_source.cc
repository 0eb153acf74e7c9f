// Finding the weights of a checkpoint, and converting them while they are read.
#include "formats/tensor_source.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "core/thread_pool.h"
#include "formats/json.h"

namespace albert::formats {

namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kShardIndex = "model.safetensors.index.json";

std::string join(const std::string& directory, const std::string& name) {
  return (std::filesystem::path(directory) / name).string();
}

/// Whether to try and open it; what cannot be examined is opened too, for the better message.
bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::status(path, error).type() != std::filesystem::file_type::not_found;
}

/// Which framework's checkpoint a file of that name is; nullptr for none that is known.
const char* foreign_kind(std::string_view name) {
  const bool is_bundle = name.find(".ckpt") != std::string_view::npos && name.ends_with(".index");
  if (is_bundle || name.ends_with(".h5")) return "a TensorFlow checkpoint";
  if (name.ends_with(".msgpack")) return "a Flax checkpoint";
  if (name.ends_with(".pt") || name.ends_with(".pth")) return "a PyTorch checkpoint";
  const bool is_weights = name.find("model") != std::string_view::npos;
  return is_weights && name.ends_with(".bin") ? "a PyTorch checkpoint" : nullptr;
}

std::string conversion_advice(const std::string& name) {
  return name + " is " + foreign_kind(name) + ": convert it to safetensors first";
}

[[noreturn]] void fail_without_weights(const std::string& directory) {
  std::vector<std::string> foreign;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (foreign_kind(name)) foreign.push_back(name);
  }
  std::string message =
      directory + " has no weights: looked for " + kSingleFile + " and " + kShardIndex;
  if (!foreign.empty()) {
    message += "; " + conversion_advice(*std::min_element(foreign.begin(), foreign.end()));
  }
  throw Error(ErrorCode::kNotFound, message);
}

/// A shard's name, which comes from a file, must not lead out of the model's directory.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

/// The pairs (tensor, shard) of a sharded model's index.
std::vector<std::pair<std::string, std::string>> parse_weight_map(const std::string& text) {
  const JsonValue index = parse_json(text);
  const JsonValue* map = index.find("weight_map");
  if (!map || !map->if_object()) {
    throw Error(ErrorCode::kFormat, "expected an object \"weight_map\"");
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const JsonMember& member : map->if_object()->members()) {
    const std::string* shard = member.value.if_string();
    if (!shard || !is_plain_file_name(*shard)) {
      const std::string got = shard ? quote_for_message(*shard) : member.value.kind();
      throw Error(ErrorCode::kFormat, "expected the shard of " + quote_for_message(member.name) +
                                          " to be a file name without a directory, got " + got);
    }
    pairs.emplace_back(member.name, *shard);
  }
  return pairs;
}

std::vector<std::pair<std::string, std::string>> read_weight_map(const RandomAccessFile& index) {
  const std::string text = index.read_all(kMaxSafetensorsHeader);
  try {
    return parse_weight_map(text);
  } catch (const Error& error) {
    throw Error(error.code(), index.path() + ": " + error.what());
  }
}

template <class Stored>
auto widen(Stored value) {
  if constexpr (std::is_floating_point_v<Stored>) {
    return value;
  } else {
    return to_float(value);
  }
}

/// Reads elements of type Stored, from `first` on, as Numbers, a bounded piece at a time.
template <class Stored, class Number>
void read_part(const SafetensorsFile& file, const SafetensorsEntry& entry, size_t first,
               std::span<Number> destination) {
  if constexpr (std::is_same_v<Stored, Number>) {
    file.read(entry, std::as_writable_bytes(destination), first * sizeof(Stored));
  } else {
    constexpr size_t kPiece = 16384;
    std::vector<Stored> piece(std::min(kPiece, destination.size()));
    for (size_t done = 0; done < destination.size(); done += piece.size()) {
      piece.resize(std::min(kPiece, destination.size() - done));
      file.read(entry, std::as_writable_bytes(std::span(piece)), (first + done) * sizeof(Stored));
      std::transform(piece.begin(), piece.end(), destination.begin() + ptrdiff_t(done),
                     [](Stored value) { return Number(widen(value)); });
    }
  }
}

/// Parts of a large tensor side by side: copying from the page cache, and the clearing of pages
/// that are written for the first time, keep a thread as busy as packing does. Each thread reads
/// one part, then looks for other work: a slow disk must not hold up the jobs of other models.
template <class Stored, class Number>
void read_converted(const SafetensorsFile& file, const SafetensorsEntry& entry,
                    std::span<Number> destination) {
  constexpr size_t kPart = size_t{1} << 18;
  if (destination.size() <= kPart) return read_part<Stored>(file, entry, 0, destination);
  const std::shared_ptr<ThreadPool> pool = ThreadPool::shared();
  const size_t round = kPart * size_t(pool->size());
  for (size_t done = 0; done < destination.size(); done += round) {
    const std::span<Number> rest =
        destination.subspan(done, std::min(round, destination.size() - done));
    const auto parts = int64_t((rest.size() + kPart - 1) / kPart);
    pool->parallel_for(parts, pool->size(), [&](int64_t part) {
      const size_t first = size_t(part) * kPart;
      const size_t count = std::min(kPart, rest.size() - first);
      read_part<Stored>(file, entry, done + first, rest.subspan(first, count));
    });
  }
}

}  // namespace

TensorSource TensorSource::open(const std::string& path) {
  TensorSource source;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    const std::string single = join(path, kSingleFile);
    const std::string index = join(path, kShardIndex);
    if (exists(single)) {
      source.add_all_of_file(single);
    } else if (exists(index)) {
      source.add_shards(index);
    } else {
      fail_without_weights(path);
    }
  } else if (path.ends_with(".json")) {
    source.add_shards(path);
  } else if (exists(path) && foreign_kind(std::filesystem::path(path).filename().string())) {
    throw Error(ErrorCode::kFormat, conversion_advice(path));
  } else {
    source.add_all_of_file(path);
  }
  return source;
}

void TensorSource::add_file(const std::string& path) {
  files_.push_back(SafetensorsFile::open(path));
  identity_ += (identity_.empty() ? "" : ";") + files_.back().file().identity().to_string();
}

void TensorSource::add_all_of_file(const std::string& path) {
  add_file(path);
  for (const auto& [name, entry] : files_[0].entries()) tensors_.emplace(name, Location{0, &entry});
}

void TensorSource::add_shards(const std::string& index_path) {
  const RandomAccessFile index(index_path);
  identity_ = index.identity().to_string();
  const std::string directory = std::filesystem::path(index_path).parent_path().string();
  std::map<std::string, size_t> file_of_shard;
  for (const auto& [name, shard] : read_weight_map(index)) {
    const auto [known, is_new] = file_of_shard.try_emplace(shard, files_.size());
    if (is_new) add_file(join(directory, shard));
    const auto& entries = files_[known->second].entries();
    const auto entry = entries.find(name);
    if (entry == entries.end()) {
      throw Error(ErrorCode::kFormat, index_path + ": the index places tensor " +
                                          quote_for_message(name) + " in " +
                                          quote_for_message(shard) + ", which does not have it");
    }
    tensors_.emplace(name, Location{known->second, &entry->second});
  }
}

std::vector<std::string> TensorSource::names() const {
  std::vector<std::string> result;
  result.reserve(tensors_.size());
  for (const auto& [name, location] : tensors_) result.push_back(name);
  return result;
}

const SafetensorsEntry* TensorSource::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second.entry;
}

const TensorSource::Location& TensorSource::locate(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw Error(ErrorCode::kNotFound, "the checkpoint has no tensor " + quote_for_message(name));
  }
  return found->second;
}

const std::vector<int64_t>& TensorSource::shape(std::string_view name) const {
  return locate(name).entry->shape;
}

template <class Number>
void TensorSource::read_as(std::string_view name, std::span<Number> destination) const {
  const Location& location = locate(name);
  const SafetensorsFile& file = files_[location.file];
  const SafetensorsEntry& entry = *location.entry;
  const std::string which = file.file().path() + ": tensor " + quote_for_message(name);
  if (uint64_t(entry.elements()) != destination.size()) {
    throw Error(ErrorCode::kShape, which + ": expected " + std::to_string(destination.size()) +
                                       " elements, its shape is " + entry.describe_shape());
  }
  if (entry.dtype == DType::kF64) return read_converted<double>(file, entry, destination);
  if (entry.dtype == DType::kF32) return read_converted<float>(file, entry, destination);
  if (entry.dtype == DType::kF16) return read_converted<Float16>(file, entry, destination);
  if (entry.dtype == DType::kBF16) return read_converted<BFloat16>(file, entry, destination);
  throw Error(ErrorCode::kFormat, which + ": expected F32, F16, BF16 or F64, its type is " +
                                      quote_for_message(entry.dtype_name));
}

void TensorSource::read_f32(std::string_view name, std::span<float> destination) const {
  read_as(name, destination);
}

void TensorSource::read_f64(std::string_view name, std::span<double> destination) const {
  read_as(name, destination);
}

uint64_t TensorSource::total_bytes() const {
  uint64_t total = 0;
  for (const auto& [name, location] : tensors_) total += location.entry->bytes();
  return total;
}

}  // namespace albert::formats
