// N passes of the shared layer over one batch.
#pragma once

#include "model/backward.h"
#include "model/embeddings.h"
#include "model/layer.h"

namespace albert::model {

/// Looks at a forward pass from outside: takes what callers asked to see, and may stop it.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  /// After the embeddings (pass 0) and after each of the N passes (1 … N). hidden (T, H);
  /// after the last pass (K, H) where the batch has a selection.
  /// False stops the forward pass.
  virtual bool on_hidden(int64_t pass, const Tensor& hidden) = 0;
  /// After each application of a layer; `block` counts to N · inner_group_num. Flat probabilities
  /// as AttentionForward has them; called only where they are kept.
  virtual void on_attention(int64_t block, const Tensor& probabilities) = 0;
};

/// Embeds the batch and applies the layers: a.output holds the last hidden states, (T, H), or (K,
/// H) where the batch has a selection (the last pass then computes no other rows). False if the
/// observer stopped it.
bool encoder_forward(Ops& ops, const AlbertWeights& w, const EncoderActivations& a,
                     const Batch& batch, PassObserver& observer);

/// Gradients of the encoder's activations: scratch, and the output's, which is given.
struct EncoderGradients {
  Tensor heads;  // (K, H) in the master dtype: given
  LayerGradients layer;
  LayerGradients last_layer;  // with the selection; its output may be heads, its hidden is
                              // layer.output
  EmbeddingGradients embeddings;

  const Tensor& output() const { return heads; }
};

/// From d.output(), through all passes in reverse, to the embedding tables. What `a` did not keep
/// is computed again on the way.
void encoder_backward(const BackwardScope& scope, const EncoderActivations& a, const Batch& batch,
                      const EncoderGradients& d);

}  // namespace albert::model
