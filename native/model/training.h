// What training computes beside inference: activations that backward reads, gradients, dropout.
#pragma once

#include "model/encoder.h"
#include "model/heads/masked_lm.h"
#include "model/heads/pooler.h"
#include "model/heads/span_v2.h"

namespace albert::model {

/// Where the model drops elements: part of the key of each mask.
enum class DropoutSite : uint32_t { kEmbeddings, kProbabilities, kProjection, kFfnOutput, kHead };

/// The dropout of one forward pass: a probability for each site, and what the masks are drawn from.
struct DropoutPlan {
  double hidden = 0;         // of the embeddings and of attention's projection
  double probabilities = 0;  // of attention
  double ffn_output = 0;
  double head = 0;
  uint64_t seed = 0;
  uint64_t update = 0;

  /// `application` counts the applications of the layer; 0 elsewhere.
  Dropout at(DropoutSite site, int64_t application, const RowOrigins& rows) const;
};

/// Allocates what training needs, in one arena: a layer's in the backend's activation dtype, the
/// embeddings' and the heads' in its master dtype. Nothing is initialised.
class TrainingAllocator {
 public:
  TrainingAllocator(Arena& arena, const Backend& backend, const Config& config)
      : arena_(arena),
        backend_(backend),
        dtype_(backend.activation_dtype()),
        master_(backend.master_dtype()),
        config_(config) {}

  EncoderActivations encoder(const Batch& batch, Keep keep, const DropoutPlan& plan) const;
  EncoderGradients encoder_gradients(const Batch& batch) const;

  PoolerActivations pooler(int64_t sequences) const;
  PoolerGradients pooler_gradients(int64_t sequences, const Tensor& hidden) const;
  MaskedLMActivations masked_lm(int64_t rows) const;
  /// The logits' gradient takes the logits' place.
  MaskedLMGradients masked_lm_gradients(const MaskedLMActivations& a, const Tensor& hidden) const;
  SpanV2Activations span_v2(int64_t candidates, int64_t sequences) const;
  SpanV2Gradients span_v2_gradients(const SpanV2Activations& a, const Tensor& hidden) const;

  /// Of a head.
  Tensor matrix(const char* name, int64_t rows, int64_t columns) const {
    return arena_.allocate(name, master_, {rows, columns});
  }

 private:
  Tensor layer_matrix(const char* name, int64_t rows, int64_t columns) const {
    return arena_.allocate(name, dtype_, {rows, columns});
  }
  /// Everything between input and output of an application, for these keys and values.
  LayerActivations interior(const Tensor& qkv, int64_t rows) const;
  NormStatistics statistics(const char* name, int64_t rows) const;

  Arena& arena_;
  const Backend& backend_;
  DType dtype_;
  DType master_;
  const Config& config_;
};

}  // namespace albert::model
