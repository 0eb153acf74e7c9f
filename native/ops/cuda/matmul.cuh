// Matrix products by cuBLASLt: which algorithm, kept per bucket of rows, and the call.
#pragma once

#include <cublasLt.h>

#include <array>
#include <map>
#include <mutex>

#include "ops/cuda/device.cuh"

namespace albert::cuda {

class Worker;

/// y = epilogue(op(left) · op(right) + addend), all stored row by row; y is (M, N), op(left)
/// (M, K), op(right) (K, N). bf16 and f16 are multiplied exactly and added up in f32, f32 truly in
/// f32 (unless the device allows TF32), i8 in i32.
struct Matmul {
  Tensor y;
  Tensor left;
  bool left_transposed;  // left is stored as (K, M)
  Tensor right;
  bool right_transposed;  // right is stored as (N, K)
  Tensor addend;          // (M, N) as y; none = zeros; may be y's memory
  cublasLtEpilogue_t epilogue;
  const void* bias;  // (N): added in front of the epilogue; or where its gradient goes
  DType bias_dtype;
  Tensor auxiliary;  // (M, N) as y: what the epilogue keeps
};

/// The algorithms chosen on one device. A choice is a function of bucket, GPU and library version
/// alone: a row's bits do not depend on what ran before, and a resumed run repeats its own.
class MatmulPlans {
 public:
  explicit MatmulPlans(const Device& device) : device_(device) {}

  /// Enqueues a product. False, with nothing done, where cuBLASLt has no algorithm for it (an
  /// epilogue that it does not fuse for these types or alignments).
  bool run(const Matmul& matmul, Worker& worker);

 private:
  struct Plan {
    cublasLtMatmulAlgo_t algorithm;
    size_t workspace;
    bool exists;
  };
  using Key = std::array<int64_t, 16>;

  Plan plan_for(const Matmul& matmul);

  const Device& device_;
  std::mutex mutex_;
  std::map<Key, Plan> plans_;
};

}  // namespace albert::cuda
