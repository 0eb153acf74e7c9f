// Dropout and the backward ops, which the CPU refuses to run.
#include <string>

#include "core/error.h"
#include "ops/cpu/executor.h"

namespace albert::cpu {

namespace {

[[noreturn]] void refuse(const char* op) {
  throw Error(ErrorCode::kBackend,
              std::string("cpu: ") + op + " is not built; train on device \"reference\"");
}

}  // namespace

void refuse_dropout(const Dropout& dropout) {
  if (dropout.probability > 0) refuse("dropout");
}

void CpuOps::run(const DropoutForward&) {
  refuse("dropout");
}
void CpuOps::run(const EmbeddingBackward&) {
  refuse("embedding backward");
}
void CpuOps::run(const LinearBackward&) {
  refuse("linear backward");
}
void CpuOps::run(const LayerNormBackward&) {
  refuse("layer_norm backward");
}
void CpuOps::run(const AttentionBackward&) {
  refuse("attention backward");
}
void CpuOps::run(const GatherRowsBackward&) {
  refuse("gather_rows backward");
}
void CpuOps::run(const ActivationBackward&) {
  refuse("activation backward");
}
void CpuOps::run(const SoftmaxBackward&) {
  refuse("softmax backward");
}
void CpuOps::run(const WeightedSumBackward&) {
  refuse("weighted_sum backward");
}
void CpuOps::run(const CrossEntropyBackward&) {
  refuse("cross_entropy backward");
}
void CpuOps::run(const BinaryCrossEntropyBackward&) {
  refuse("binary_cross_entropy backward");
}
void CpuOps::run(const SquaredErrorBackward&) {
  refuse("squared_error backward");
}

}  // namespace albert::cpu
