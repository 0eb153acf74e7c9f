// Normal matrices, zero biases, unit norms.
#include "model/initialize.h"

#include <string_view>

#include "core/philox.h"

namespace albert::model {

namespace {

/// FNV-1a: gives every parameter name a stream of its own.
uint64_t stream_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ uint8_t(c)) * 0x100000001b3u;
  return hash;
}

template <class Number>
void fill(const Tensor& tensor, Number value) {
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.as<Number>()[i] = value;
}

template <class Number>
void fill_normal(const Tensor& tensor, double deviation, PhiloxStream random) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    tensor.as<Number>()[i] = Number(float(deviation * random.normal()));
  }
}

template <class Number>
void initialize_as(const ParameterSpec& spec, const Config& config, uint64_t seed,
                   const Tensor& tensor) {
  switch (spec.kind) {
    case ParameterKind::kMatrix:
    case ParameterKind::kTable:
      fill_normal<Number>(tensor, config.initializer_range,
                          PhiloxStream(seed, stream_of(spec.name)));
      break;
    case ParameterKind::kBias:
    case ParameterKind::kNormBias:
      fill<Number>(tensor, 0);
      break;
    case ParameterKind::kNormWeight:
      fill<Number>(tensor, 1);
      break;
  }
  if (spec.name == "albert.embeddings.word_embeddings.weight") {
    fill<Number>(tensor.slice_rows(config.pad_token_id, 1), 0);
  }
}

}  // namespace

void initialize(const ParameterSpec& spec, const Config& config, uint64_t seed,
                const Tensor& tensor) {
  if (tensor.dtype == DType::kF64) {
    initialize_as<double>(spec, config, seed, tensor);
  } else {
    initialize_as<float>(spec, config, seed, tensor);
  }
}

}  // namespace albert::model
