// Every parameter of a model by name: the one struct for weights, gradients and moments.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/arena.h"
#include "model/config.h"
#include "ops/linear.h"

namespace albert::model {

struct NormParams {
  Tensor weight;  // (C)
  Tensor bias;    // (C)
};

struct EmbeddingParams {
  Tensor word;      // (V, E)
  Tensor segment;   // (types, E)
  Tensor position;  // (P, E)
  NormParams norm;  // (E)
};

struct LayerParams {
  LinearParams qkv;               // (3H, H): query, key and value are its rows
  LinearParams query;             // (H, H)
  LinearParams key;               // (H, H)
  LinearParams value;             // (H, H)
  LinearParams attention_output;  // (H, H)
  NormParams attention_norm;      // (H)
  LinearParams ffn;               // (F, H)
  LinearParams ffn_output;        // (H, F)
  NormParams full_layer_norm;     // (H)
};

struct MaskedLMParams {
  LinearParams dense;  // (E, H)
  NormParams norm;     // (E)
  Tensor bias;         // (V); the decoder's matrix is the word embedding
};

/// Head of SQuAD v2 in the original code: start, end given start, answerability.
struct SpanV2Params {
  LinearParams start;          // (1, H)
  LinearParams end_hidden;     // (H, 2H)
  NormParams end_norm;         // (H)
  LinearParams end;            // (1, H)
  LinearParams answer_hidden;  // (H, 2H)
  LinearParams answer;         // (1, H), no bias
};

struct AlbertParams {
  EmbeddingParams embeddings;
  LinearParams mapping;             // (H, E)
  std::vector<LayerParams> layers;  // group-major: layer = group · inner_group_num + inner
  LinearParams pooler;              // (H, H)
  MaskedLMParams masked_lm;
  LinearParams sentence_order;  // (2, H)
  LinearParams classifier;      // (labels, H)
  LinearParams qa_outputs;      // (2, H)
  SpanV2Params span_v2;
};

enum class ParameterKind : uint8_t { kMatrix, kTable, kBias, kNormWeight, kNormBias };

struct ParameterSpec {
  std::string name;  // Hugging Face's, with the "albert." prefix
  std::vector<int64_t> shape;
  ParameterKind kind;
};

/// Visits every parameter that the architecture has, in the order of the computation. The only
/// list: names in files, initialisation, weight decay and LAMB's ratios hang on it.
void for_each(AlbertParams& params, const Architecture& architecture,
              const std::function<void(const ParameterSpec&, Tensor&)>& visit);

/// Gives every parameter of the architecture its memory, of undefined content.
void allocate(AlbertParams& params, const Architecture& architecture, Arena& arena, DType dtype);

}  // namespace albert::model
