// The losses of all heads, as sums and counts that a caller turns into means.
#pragma once

#include <memory>
#include <vector>

#include "core/arena.h"
#include "ops/backend.h"

namespace albert::model {

/// A sum of row losses and how many rows took part.
struct LossSum {
  double sum = 0;
  int64_t count = 0;

  /// 0 where no row took part.
  double mean() const { return count == 0 ? 0 : sum / double(count); }
  LossSum& operator+=(const LossSum& other);
};

/// A weighted sum of row losses that are on their way from the backend: it has a value after
/// Backend::finish(), and has to live until then.
class PendingLoss {
 public:
  PendingLoss() = default;
  /// Asks for the rows.
  PendingLoss(Backend& backend, Ops& ops, const Tensor& losses, double scale);

  double value() const;
  PendingLoss& operator+=(const PendingLoss& other);

 private:
  struct Term {
    std::shared_ptr<std::vector<double>> rows;
    double scale;
  };
  std::vector<Term> terms_;
};

/// What a loss computes with: an executor, its backend, and scratch in that backend's memory.
struct LossScope {
  Ops& ops;
  Backend& backend;
  Arena& arena;
};

/// Rows with a class each: of logits' columns, or of a sequence's packed positions.
struct ClassRows {
  Tensor logits;      // (R, C), or (T) with cu_seqlens
  Tensor labels;      // (R) i32; ignore_index takes no part
  Tensor cu_seqlens;  // (R + 1) i32; none = columns
  int32_t ignore_index;
};

/// Numbers with a target each.
struct TargetRows {
  Tensor values;   // (R, C): logits or predictions
  Tensor targets;  // (R, C)
};

/// Cross-entropy over the columns of logits (R, C). labels: (R) i32; ignore_index takes no part.
LossSum class_loss(const LossScope& scope, const Tensor& logits, const Tensor& labels,
                   int32_t ignore_index);

/// Cross-entropy over the packed positions of each sequence: logits (T), cu_seqlens (B + 1) i32,
/// labels (B) i32 counted from the sequence's start.
LossSum position_loss(const LossScope& scope, const Tensor& logits, const Tensor& cu_seqlens,
                      const Tensor& labels, int32_t ignore_index);

/// Binary cross-entropy of logits (R, C) with targets (R, C); every entry counts.
LossSum binary_loss(const LossScope& scope, const Tensor& logits, const Tensor& targets);

/// Squared error of predictions (R, C) against targets (R, C); every entry counts.
LossSum squared_loss(const LossScope& scope, const Tensor& predictions, const Tensor& targets);

/// `scale` times the sums of the same losses; their gradients take the place of the logits or
/// predictions. Nothing waits for the backend.
PendingLoss class_loss_gradient(const LossScope& scope, const ClassRows& rows, double scale);
PendingLoss binary_loss_gradient(const LossScope& scope, const TargetRows& rows, double scale);
PendingLoss squared_loss_gradient(const LossScope& scope, const TargetRows& rows, double scale);

}  // namespace albert::model
