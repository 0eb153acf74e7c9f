// Descriptors, the choice of algorithms, and the call of cuBLASLt.
#include "ops/cuda/matmul.cuh"

#include <algorithm>
#include <utility>

#include "ops/cuda/worker.cuh"

namespace albert::cuda {

namespace {

constexpr size_t kWorkspace = size_t{32} << 20;  // what cuBLAS recommends for the newest devices
/// No instruction loads more at a time: what pointers share beyond that shall choose no algorithm.
constexpr uint32_t kWidestAlignment = 16;
constexpr size_t kMostPlans = 1 << 14;

cudaDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::kBF16:
      return CUDA_R_16BF;
    case DType::kF16:
      return CUDA_R_16F;
    case DType::kI8:
      return CUDA_R_8I;
    case DType::kI32:
      return CUDA_R_32I;
    default:
      return CUDA_R_32F;
  }
}

/// A matrix stored row by row, which is its transpose to cuBLAS, stored column by column.
class Layout {
 public:
  Layout(const Tensor& matrix, int64_t rows, int64_t columns) {
    // One row has no pitch to speak of: a narrow slice may come with any.
    const int64_t pitch = std::max(matrix.row_stride, columns);
    check(cublasLtMatrixLayoutCreate(&layout_, type_of(matrix.dtype), uint64_t(columns),
                                     uint64_t(rows), pitch),
          "description of a matrix");
  }
  explicit Layout(const Tensor& matrix) : Layout(matrix, matrix.rows(), matrix.columns()) {}
  ~Layout() { cublasLtMatrixLayoutDestroy(layout_); }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  operator cublasLtMatrixLayout_t() const { return layout_; }

 private:
  cublasLtMatrixLayout_t layout_ = nullptr;
};

class Description {
 public:
  Description(const Matmul& matmul, bool allow_tf32) {
    const bool integers = matmul.left.dtype == DType::kI8;
    const auto single = allow_tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    check(cublasLtMatmulDescCreate(&description_, integers ? CUBLAS_COMPUTE_32I : single,
                                   integers ? CUDA_R_32I : CUDA_R_32F),
          "description of a product");
    // yᵀ = op(right)ᵀ · op(left)ᵀ: cuBLAS sees the right side first.
    set(CUBLASLT_MATMUL_DESC_TRANSA, matmul.right_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, matmul.left_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, matmul.epilogue);
    if (matmul.bias) {
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, matmul.bias);
      set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type_of(matmul.bias_dtype));
    }
    if (matmul.auxiliary) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, matmul.auxiliary.data);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, matmul.auxiliary.row_stride);
    }
  }
  ~Description() { cublasLtMatmulDescDestroy(description_); }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;
  operator cublasLtMatmulDesc_t() const { return description_; }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    check(cublasLtMatmulDescSetAttribute(description_, attribute, &value, sizeof value),
          "description of a product");
  }

  cublasLtMatmulDesc_t description_ = nullptr;
};

uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const auto lowest = uint32_t(address & (~address + 1));
  return lowest == 0 ? kWidestAlignment : std::min(lowest, kWidestAlignment);
}

const Tensor& addend_of(const Matmul& matmul) {
  return matmul.addend ? matmul.addend : matmul.y;
}

class Preference {
 public:
  explicit Preference(const Matmul& matmul) {
    check(cublasLtMatmulPreferenceCreate(&preference_), "search for an algorithm");
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(kWorkspace));
    // Partial sums of a product in parts are added up as they were made, never in y's narrow type.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        uint32_t(CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(matmul.right.data));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(matmul.left.data));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of(addend_of(matmul).data));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_of(matmul.y.data));
  }
  ~Preference() { cublasLtMatmulPreferenceDestroy(preference_); }
  Preference(const Preference&) = delete;
  Preference& operator=(const Preference&) = delete;
  operator cublasLtMatmulPreference_t() const { return preference_; }

 private:
  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference_, attribute, &value, sizeof value),
          "search for an algorithm");
  }

  cublasLtMatmulPreference_t preference_ = nullptr;
};

/// The operands with the number of rows of the batch replaced.
Matmul with_rows(Matmul matmul, int64_t rows) {
  matmul.left.shape[0] = rows;
  matmul.y.shape[0] = matmul.addend.shape[0] = matmul.auxiliary.shape[0] = rows;
  return matmul;
}

struct Operands {
  Operands(const Matmul& matmul, bool allow_tf32)
      : description(matmul, allow_tf32),
        right(matmul.right),
        left(matmul.left),
        addend(addend_of(matmul), matmul.y.rows(), matmul.y.columns()),
        y(matmul.y) {}
  Description description;
  Layout right, left, addend, y;
};

}  // namespace

MatmulPlans::Plan MatmulPlans::plan_for(const Matmul& matmul) {
  const bool tf32 = device_.options().allow_tf32;
  const auto search = [&](const Matmul& representative) -> Plan {
    const Operands operands(representative, tf32);
    const Preference preference(representative);
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        device_.cublas(), operands.description, operands.right, operands.left, operands.addend,
        operands.y, preference, 1, &found, &count);
    const bool exists = status == CUBLAS_STATUS_SUCCESS && count > 0;
    return {found.algo, found.workspaceSize, exists};
  };
  // A weight's gradient sums over the rows: no row's bits depend on its algorithm, and one that was
  // chosen for another length of the sum may split it in unsuitable parts.
  if (matmul.left_transposed) return search(matmul);
  const Plan plan = search(with_rows(matmul, bucket_of(matmul.left.rows())));
  if (!plan.exists) return search(matmul);
  const Operands operands(matmul, tf32);
  cublasLtMatmulHeuristicResult_t checked{};
  const cublasStatus_t status =
      cublasLtMatmulAlgoCheck(device_.cublas(), operands.description, operands.right,
                              operands.left, operands.addend, operands.y, &plan.algorithm,
                              &checked);
  const bool fits = status == CUBLAS_STATUS_SUCCESS && checked.workspaceSize <= kWorkspace;
  return fits ? Plan{plan.algorithm, checked.workspaceSize, true} : search(matmul);
}

bool MatmulPlans::run(const Matmul& matmul, Worker& worker) {
  const Tensor &y = matmul.y, &left = matmul.left, &right = matmul.right;
  const Key key = {left.rows(),
                   left.columns(),
                   right.rows(),
                   right.columns(),
                   left.row_stride,
                   right.row_stride,
                   y.row_stride,
                   addend_of(matmul).row_stride,
                   int64_t(left.dtype) << 8 | int64_t(y.dtype),
                   int64_t(matmul.left_transposed) << 1 | int64_t(matmul.right_transposed),
                   int64_t(matmul.epilogue) << 1 | int64_t(bool(matmul.addend)),
                   int64_t(alignment_of(left.data)) << 32 | alignment_of(right.data),
                   int64_t(alignment_of(y.data)) << 32 | alignment_of(addend_of(matmul).data),
                   int64_t(alignment_of(matmul.bias)),
                   matmul.auxiliary.row_stride,
                   int64_t(alignment_of(matmul.auxiliary.data))};
  Plan plan;
  {
    const std::lock_guard lock(mutex_);
    // Any number of rows may come in a service's life; what is forgotten is chosen again alike.
    if (plans_.size() >= kMostPlans) plans_.clear();
    const auto known = plans_.find(key);
    plan = known == plans_.end() ? plan_for(matmul) : known->second;
    if (known == plans_.end()) plans_.emplace(key, plan);
  }
  if (!plan.exists) return false;
  void* const workspace = worker.memory(Worker::Slot::kMatmul, plan.workspace);
  if (worker.plans()) return true;
  const Operands operands(matmul, device_.options().allow_tf32);
  const float one = 1, addend = matmul.addend ? 1 : 0;
  const int32_t integer_one = 1, integer_zero = 0;
  const bool integers = left.dtype == DType::kI8;
  const cublasStatus_t status =
      cublasLtMatmul(device_.cublas(), operands.description,
                     integers ? static_cast<const void*>(&integer_one) : &one, right.data,
                     operands.right, left.data, operands.left,
                     integers ? static_cast<const void*>(&integer_zero) : &addend,
                     addend_of(matmul).data, operands.addend, y.data, operands.y, &plan.algorithm,
                     workspace, plan.workspace, worker.stream());
  if (status != CUBLAS_STATUS_SUCCESS && matmul.epilogue != CUBLASLT_EPILOGUE_DEFAULT) {
    // Whoever asked does without the epilogue, from now on.
    const std::lock_guard lock(mutex_);
    plans_[key].exists = false;
    return false;
  }
  check(status, "matrix product");
  return true;
}

}  // namespace albert::cuda
