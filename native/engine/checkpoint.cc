// Finding each parameter in a file, whatever dialect wrote it.
#include "engine/checkpoint.h"

#include <algorithm>
#include <new>
#include <set>

#include "core/error.h"
#include "formats/safetensors_writer.h"
#include "model/initialize.h"

namespace albert::engine {

namespace {

using formats::TensorSource;
using model::ParameterSpec;

constexpr std::string_view kPrefix = "albert.";

class HostMemory : public Memory {
 public:
  void* allocate(size_t bytes) override {
    void* pointer = ::operator new(bytes, std::align_val_t{64}, std::nothrow);
    if (pointer == nullptr) {
      throw Error(ErrorCode::kMemory, "cannot allocate " + std::to_string(bytes) +
                                          " bytes for the parameters of the model");
    }
    return pointer;
  }
  void release(void* pointer, size_t) noexcept override {
    ::operator delete(pointer, std::align_val_t{64});
  }
};

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

void read_tensor(const TensorSource& source, const std::string& name, const ParameterSpec& spec,
                 const Tensor& tensor) {
  if (source.shape(name) != spec.shape) {
    throw Error(ErrorCode::kShape, "checkpoint: " + name + " has shape " +
                                       shape_text(source.shape(name)) + ", the config asks for " +
                                       shape_text(spec.shape));
  }
  const size_t count = size_t(tensor.size());
  if (tensor.dtype == DType::kF64) {
    source.read_f64(name, {tensor.as<double>(), count});
  } else {
    source.read_f32(name, {tensor.as<float>(), count});
  }
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

void read_checkpoint(const TensorSource& source, const model::Architecture& architecture,
                     uint64_t seed, HostParams& host, std::vector<std::string>& warnings) {
  std::set<std::string> used;
  std::vector<std::string> missing;
  model::for_each(host.params, architecture, [&](const ParameterSpec& spec, Tensor& tensor) {
    for (const std::string& name : names_of(spec.name)) {
      if (source.find(name) == nullptr) continue;
      read_tensor(source, name, spec, tensor);
      used.insert(name);
      return;
    }
    if (const char* tied = tied_source(source, spec.name)) {
      read_tensor(source, tied, spec, tensor);
      return;
    }
    if (!is_head(spec.name)) {
      throw Error(ErrorCode::kFormat, "checkpoint: the tensor " + spec.name +
                                          " is missing; is this an ALBERT checkpoint?");
    }
    model::initialize(spec, architecture.config, seed, tensor);
    missing.push_back(spec.name);
  });
  std::vector<std::string> unexpected;
  for (const std::string& name : source.names()) {
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
}

void initialize_checkpoint(const model::Architecture& architecture, uint64_t seed,
                           HostParams& host) {
  model::for_each(host.params, architecture, [&](const ParameterSpec& spec, Tensor& tensor) {
    model::initialize(spec, architecture.config, seed, tensor);
  });
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
