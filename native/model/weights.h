// The parameters as a backend computes with them: packed matrices, norms and tables in its memory.
#pragma once

#include <memory>
#include <vector>

#include "model/params.h"
#include "ops/backend.h"

namespace albert::model {

using PackedLinear = std::unique_ptr<LinearWeight>;

struct LayerWeights {
  PackedLinear qkv;               // (3H, H): query, key, value stacked
  PackedLinear attention_output;  // (H, H)
  NormParams attention_norm;
  PackedLinear ffn;         // (F, H)
  PackedLinear ffn_output;  // (H, F)
  NormParams full_layer_norm;
};

struct MaskedLMWeights {
  PackedLinear dense;  // (E, H)
  NormParams norm;
  Tensor bias;           // (V)
  PackedLinear decoder;  // (V, E): the word embedding with that bias
};

struct SpanV2Weights {
  PackedLinear start;       // (1, H)
  PackedLinear end_hidden;  // (H, 2H)
  NormParams end_norm;
  PackedLinear end;            // (1, H)
  PackedLinear answer_hidden;  // (H, 2H)
  PackedLinear answer;         // (1, H)
};

/// Immutable but for repack(); shared by all sessions and threads.
struct AlbertWeights {
  AlbertWeights(const Architecture& architecture, std::shared_ptr<Backend> backend);

  const Architecture architecture;
  const std::shared_ptr<Backend> backend;

  EmbeddingParams embeddings;
  PackedLinear mapping;  // (H, E)
  std::vector<LayerWeights> layers;
  PackedLinear pooler;  // (H, H); none where the kind has no pooler
  MaskedLMWeights masked_lm;
  PackedLinear sentence_order;  // (2, H)
  PackedLinear classifier;      // (labels, H)
  PackedLinear qa_outputs;      // (2, H)
  SpanV2Weights span_v2;

  /// Bytes by part: "embeddings", "layers", "heads".
  std::vector<BillItem> bill() const;

  /// Holds the norms and tables above.
  Arena storage;
};

/// Where prepare() gets parameters from, one after the other: a model never lies in memory twice.
class ParameterReader {
 public:
  virtual ~ParameterReader() = default;
  /// Every parameter's shape; the tensors have no memory.
  virtual const AlbertParams& shapes() const = 0;
  /// Fills `destination` (f32 or f64, of the parameter's shape) with the parameter that `member` of
  /// shapes() stands for.
  virtual void read(const Tensor& member, const Tensor& destination) = 0;
  /// The parameter where it lies in host memory, as f32 or f64, if it does: then it is packed from
  /// there, and read() is asked for tables and norms only. None = it has to be read.
  virtual Tensor in_host_memory(const Tensor& /*member*/) { return {}; }
  /// The parameter where it lies in that backend's memory, in its master dtype, if it does: then
  /// repack() moves it there, in the order of an executor's ops, and nothing passes the host.
  virtual Tensor in_memory_of(const Backend& /*backend*/, const Tensor& /*member*/) { return {}; }
};

/// The bill of such parameters on a backend, by its planner.
std::vector<BillItem> planned_bill(const Architecture& architecture, const AlbertParams& shapes,
                                   const std::shared_ptr<Backend>& planner);

/// Brings parameters into the backend's layouts. Throws Error{kMemory} with the bill, before it
/// allocates, where the backend's memory has a bound and they do not fit.
std::shared_ptr<AlbertWeights> prepare(const Architecture& architecture, ParameterReader& reader,
                                       std::shared_ptr<Backend> backend);

/// Brings other parameters of the same architecture into memory that prepare() has filled, as after
/// an optimizer's step: allocates nothing but what a reader without in_host_memory() is read into.
/// Nobody else may use the weights meanwhile. `ops`: what moves parameters that lie in the
/// backend's memory already, without waiting; null where there are none.
void repack(AlbertWeights& weights, ParameterReader& reader, Ops* ops);

/// The way back, exact: fills host parameters that the caller has allocated.
void unpack(const AlbertWeights& weights, AlbertParams& host);

}  // namespace albert::model
