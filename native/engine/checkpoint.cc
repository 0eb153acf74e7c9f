// Finding each parameter in a file, whatever dialect wrote it.
#include "engine/checkpoint.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/host_memory.h"
#include "formats/safetensors_writer.h"
#include "model/initialize.h"

namespace albert::engine {

namespace {

using formats::TensorSource;
using model::ParameterSpec;

constexpr std::string_view kPrefix = "albert.";

bool ends_with(std::string_view text, std::string_view end) {
  return text.ends_with(end);
}

/// The names under which a parameter may be stored, the usual one first.
std::vector<std::string> names_of(const std::string& name) {
  std::vector<std::string> names = {name};
  if (name.starts_with(kPrefix)) names.push_back(name.substr(kPrefix.size()));
  if (name == "predictions.bias") names.push_back("predictions.decoder.bias");
  if (name.find("LayerNorm.") != std::string::npos ||
      name.find("layer_norm.") != std::string::npos) {
    const size_t usual = names.size();
    for (size_t i = 0; i < usual; ++i) {
      const std::string stem = names[i].substr(0, names[i].rfind('.') + 1);
      names.push_back(stem + (ends_with(name, "weight") ? "gamma" : "beta"));
    }
  }
  return names;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void check_shape(const TensorSource& source, const std::string& name, const ParameterSpec& spec) {
  if (source.shape(name) != spec.shape) {
    throw Error(ErrorCode::kShape, "checkpoint: " + name + " has shape " +
                                       shape_text(source.shape(name)) + ", the config asks for " +
                                       shape_text(spec.shape));
  }
}

/// A tensor without memory.
Tensor shape_only(const ParameterSpec& spec) {
  return spec.shape.size() == 1 ? Tensor(nullptr, DType::kF32, {spec.shape[0]})
                                : Tensor(nullptr, DType::kF32, {spec.shape[0], spec.shape[1]});
}

/// Tensors that are no parameters of ours but belong in Hugging Face's files: buffers, tied copies.
bool is_expected_extra(std::string_view name) {
  return ends_with(name, "embeddings.position_ids") || name == "predictions.decoder.weight" ||
         name == "predictions.decoder.bias" || name == "predictions.bias";
}

bool is_head(const std::string& name) {
  return !name.starts_with(kPrefix) || name.starts_with("albert.pooler");
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kMost) text += " and " + std::to_string(names.size() - kMost) + " more";
  return text;
}

/// A checkpoint of the tied decoder alone (the word embedding dropped as a duplicate) is legal.
const char* tied_source(const TensorSource& source, const std::string& name) {
  const bool tied = name == "albert.embeddings.word_embeddings.weight";
  return tied && source.find("predictions.decoder.weight") ? "predictions.decoder.weight" : nullptr;
}

}  // namespace

HostParams::HostParams(const model::Architecture& architecture, DType dtype)
    : memory(std::make_unique<HostMemory>()), arena(*memory) {
  model::allocate(params, architecture, arena, dtype);
}

CheckpointReader::CheckpointReader(const TensorSource& source,
                                   const model::Architecture& architecture, uint64_t seed)
    : source_(&source), config_(architecture.config), seed_(seed) {
  model::for_each(shapes_, architecture, [&](const ParameterSpec& spec, Tensor& tensor) {
    tensor = shape_only(spec);
    origins_[&tensor] = {spec, find(spec)};
  });
}

CheckpointReader::CheckpointReader(const model::Architecture& architecture, uint64_t seed)
    : config_(architecture.config), seed_(seed) {
  model::for_each(shapes_, architecture, [&](const ParameterSpec& spec, Tensor& tensor) {
    tensor = shape_only(spec);
    origins_[&tensor] = {spec, ""};
  });
}

std::string CheckpointReader::find(const ParameterSpec& spec) const {
  std::vector<std::string> names = names_of(spec.name);
  if (const char* tied = tied_source(*source_, spec.name)) names.push_back(tied);
  for (const std::string& name : names) {
    if (source_->find(name) == nullptr) continue;
    check_shape(*source_, name, spec);
    return name;
  }
  if (is_head(spec.name)) return "";
  throw Error(ErrorCode::kFormat,
              "checkpoint: the tensor " + spec.name + " is missing; is this an ALBERT checkpoint?");
}

void CheckpointReader::read(const Tensor& member, const Tensor& destination) {
  const Origin& origin = origins_.at(&member);
  if (origin.tensor.empty()) {
    model::initialize(origin.spec, config_, seed_, destination);
  } else if (destination.dtype == DType::kF64) {
    source_->read_f64(origin.tensor, {destination.as<double>(), size_t(destination.size())});
  } else {
    source_->read_f32(origin.tensor, {destination.as<float>(), size_t(destination.size())});
  }
}

std::vector<std::string> CheckpointReader::warnings() const {
  if (source_ == nullptr) return {};
  std::set<std::string> used;
  std::vector<std::string> missing, unexpected, warnings;
  for (const auto& [member, origin] : origins_) {
    if (origin.tensor.empty()) {
      missing.push_back(origin.spec.name);
    } else {
      used.insert(origin.tensor);
    }
  }
  for (const std::string& name : source_->names()) {
    if (!used.contains(name) && !is_expected_extra(name)) unexpected.push_back(name);
  }
  if (!missing.empty()) {
    warnings.push_back("The checkpoint lacks " + list_of(missing) +
                       ": initialised from the seed, train them before you rely on the output.");
  }
  if (!unexpected.empty()) {
    warnings.push_back(
        "The checkpoint holds tensors that this model does not use: " + list_of(unexpected) + ".");
  }
  return warnings;
}

void write_checkpoint(const std::string& file, const model::AlbertWeights& weights) {
  HostParams host(weights.architecture, DType::kF32);
  model::unpack(weights, host.params);
  std::vector<formats::TensorToWrite> tensors;
  model::for_each(host.params, weights.architecture,
                  [&](const ParameterSpec& spec, Tensor& tensor) {
                    // A model without heads is stored the way Hugging Face stores AlbertModel:
                    // without the prefix.
                    const bool bare = weights.architecture.kind == model::ModelKind::kBase;
                    const std::string name = bare ? spec.name.substr(kPrefix.size()) : spec.name;
                    tensors.push_back({.name = name, .tensor = tensor, .stored = DType::kF32});
                  });
  formats::write_safetensors(file, tensors);
}

}  // namespace albert::engine
