// The operations that a model is made of: checked once here, computed by each backend.
//
// Sizes, everywhere: T tokens in the packed batch, B sequences, S the longest of them, E embedding,
// H hidden, F feed-forward, A heads, D head size, N passes, V vocabulary, P positions, M masked
// rows, R rows, C columns.
#pragma once

#include <functional>

#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/convert.h"
#include "ops/cross_entropy.h"
#include "ops/dropout.h"
#include "ops/embedding.h"
#include "ops/gather_rows.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"
#include "ops/optimizer.h"
#include "ops/softmax.h"
#include "ops/weighted_sum.h"

namespace albert {

/// One user's executor on a backend: a share of its threads (or a stream) and its scratch. Not
/// thread-safe; several executors may work on the same weights at once. Calls return when the
/// result is ready to be read by the next op of the same executor. Outputs must not overlap inputs
/// unless the op's header allows it. Backward adds to the gradients of parameters and writes those
/// of activations.
class Ops {
 public:
  virtual ~Ops() = default;

  void embedding_forward(const EmbeddingForward& op) { check(op), run(op); }
  void linear_forward(const LinearForward& op) { check(op), run(op); }
  void layer_norm_forward(const LayerNormForward& op) { check(op), run(op); }
  void attention_forward(const AttentionForward& op) { check(op), run(op); }
  void gather_rows_forward(const GatherRowsForward& op) { check(op), run(op); }
  void convert_forward(const ConvertForward& op) { check(op), run(op); }
  void activation_forward(const ActivationForward& op) { check(op), run(op); }
  void softmax_forward(const SoftmaxForward& op) { check(op), run(op); }
  void weighted_sum_forward(const WeightedSumForward& op) { check(op), run(op); }
  void cross_entropy_forward(const CrossEntropyForward& op) { check(op), run(op); }
  void binary_cross_entropy_forward(const BinaryCrossEntropyForward& op) { check(op), run(op); }
  void squared_error_forward(const SquaredErrorForward& op) { check(op), run(op); }
  void square_sum(const SquareSum& op) { check(op), run(op); }
  void clip_factor(const ClipFactor& op) { check(op), run(op); }
  void adamw_update(const AdamWUpdate& op) { check(op), run(op); }
  void lamb_update(const LambUpdate& op) { check(op), run(op); }
  void dropout_forward(const DropoutForward& op) { check(op), run(op); }

  void embedding_backward(const EmbeddingBackward& op) { check(op), run(op); }
  void linear_backward(const LinearBackward& op) { check(op), run(op); }
  void layer_norm_backward(const LayerNormBackward& op) { check(op), run(op); }
  void attention_backward(const AttentionBackward& op) { check(op), run(op); }
  void gather_rows_backward(const GatherRowsBackward& op) { check(op), run(op); }
  void activation_backward(const ActivationBackward& op) { check(op), run(op); }
  void softmax_backward(const SoftmaxBackward& op) { check(op), run(op); }
  void weighted_sum_backward(const WeightedSumBackward& op) { check(op), run(op); }
  void cross_entropy_backward(const CrossEntropyBackward& op) { check(op), run(op); }
  void binary_cross_entropy_backward(const BinaryCrossEntropyBackward& op) { check(op), run(op); }
  void squared_error_backward(const SquaredErrorBackward& op) { check(op), run(op); }
  /// The mask of forward, applied to the gradient.
  void dropout_backward(const DropoutBackward& op) {
    check(op);
    run(DropoutForward{.y = op.dx, .x = op.dy, .dropout = op.dropout});
  }

  /// Whether linear_backward takes `input` with this activation at next to no cost.
  virtual bool fuses_input_activation(Activation) const { return false; }

  /// Calls body(), which asks for ops. Where that saves time they are recorded, and when a later
  /// body asks for the very same ones the recording runs instead of them.
  virtual void replay(const std::function<void()>& body) { body(); }

  /// Bytes of its backend's memory that it holds beside its callers' tensors; of a planner's
  /// executor, that a true one would hold.
  virtual size_t scratch_bytes() const { return 0; }

 private:
  virtual void run(const EmbeddingForward& op) = 0;
  virtual void run(const LinearForward& op) = 0;
  virtual void run(const LayerNormForward& op) = 0;
  virtual void run(const AttentionForward& op) = 0;
  virtual void run(const GatherRowsForward& op) = 0;
  virtual void run(const ConvertForward& op) = 0;
  virtual void run(const ActivationForward& op) = 0;
  virtual void run(const SoftmaxForward& op) = 0;
  virtual void run(const WeightedSumForward& op) = 0;
  virtual void run(const CrossEntropyForward& op) = 0;
  virtual void run(const BinaryCrossEntropyForward& op) = 0;
  virtual void run(const SquaredErrorForward& op) = 0;
  virtual void run(const SquareSum& op) = 0;
  virtual void run(const ClipFactor& op) = 0;
  virtual void run(const AdamWUpdate& op) = 0;
  virtual void run(const LambUpdate& op) = 0;
  virtual void run(const DropoutForward& op) = 0;

  virtual void run(const EmbeddingBackward& op) = 0;
  virtual void run(const LinearBackward& op) = 0;
  virtual void run(const LayerNormBackward& op) = 0;
  virtual void run(const AttentionBackward& op) = 0;
  virtual void run(const GatherRowsBackward& op) = 0;
  virtual void run(const ActivationBackward& op) = 0;
  virtual void run(const SoftmaxBackward& op) = 0;
  virtual void run(const WeightedSumBackward& op) = 0;
  virtual void run(const CrossEntropyBackward& op) = 0;
  virtual void run(const BinaryCrossEntropyBackward& op) = 0;
  virtual void run(const SquaredErrorBackward& op) = 0;
};

}  // namespace albert
