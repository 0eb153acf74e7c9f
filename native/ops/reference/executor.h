// The reference's executor and weights, shared by the files of this folder.
#pragma once

#include <span>
#include <vector>

#include "ops/ops.h"

namespace albert {

/// Plain rows: weight[output * inputs + input], then one bias an output.
class ReferenceWeight : public LinearWeight {
 public:
  ReferenceWeight(std::span<const LinearParams> parts, int64_t inputs, int64_t outputs);
  size_t bytes() const override;
  void unpack(const LinearParams& params, int64_t first_output) const override;
  void repack(std::span<const LinearParams> parts) override;

  const double* row(int64_t output) const { return weight_.data() + output * inputs(); }
  double bias(int64_t output) const { return bias_[size_t(output)]; }

 private:
  std::vector<double> weight_;
  std::vector<double> bias_;
};

class ReferenceOps : public Ops {
 private:
  void run(const EmbeddingForward& op) override;
  void run(const LinearForward& op) override;
  void run(const LayerNormForward& op) override;
  void run(const AttentionForward& op) override;
  void run(const GatherRowsForward& op) override;
  void run(const ConvertForward& op) override;
  void run(const ActivationForward& op) override;
  void run(const SoftmaxForward& op) override;
  void run(const WeightedSumForward& op) override;
  void run(const CrossEntropyForward& op) override;
  void run(const BinaryCrossEntropyForward& op) override;
  void run(const SquaredErrorForward& op) override;
  void run(const SquareSum& op) override;
  void run(const ClipFactor& op) override;
  void run(const AdamWUpdate& op) override;
  void run(const LambUpdate& op) override;
  void run(const DropoutForward& op) override;
  void run(const EmbeddingBackward& op) override;
  void run(const LinearBackward& op) override;
  void run(const LayerNormBackward& op) override;
  void run(const AttentionBackward& op) override;
  void run(const GatherRowsBackward& op) override;
  void run(const ActivationBackward& op) override;
  void run(const SoftmaxBackward& op) override;
  void run(const WeightedSumBackward& op) override;
  void run(const CrossEntropyBackward& op) override;
  void run(const BinaryCrossEntropyBackward& op) override;
  void run(const SquaredErrorBackward& op) override;
};

/// The contracts tie the dtypes of an op to one tensor's: this refuses any but f64 for it.
void require_f64(const char* op, const char* name, const Tensor& tensor);

/// The derivative of the activation of one number.
double activation_slope(Activation activation, double x);

/// m = max x and log Σ exp(x − m): together the log-sum-exp of `count` numbers.
struct LogSumExp {
  double maximum;
  double logarithm;
  double total() const { return maximum + logarithm; }
};
LogSumExp log_sum_exp(const double* x, int64_t count);

/// Copies between host tensors of equal shape; converts between f32 and f64.
void copy_converting(const Tensor& to, const Tensor& from);

}  // namespace albert
