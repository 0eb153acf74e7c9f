// A stand-in for cuBLASLt: the same products and epilogues in plain loops, column by column as
// BLAS has it. Refuses what NVIDIA's documentation says that the library refuses.
#include <cublasLt.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "stream.h"

struct cublasLtContext {};
struct cublasLtMatmulPreference {
  std::map<int, int64_t> values;
};
struct cublasLtMatmulDescription {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  std::map<int, int64_t> values;
  int64_t at(cublasLtMatmulDescAttributes_t attribute, int64_t otherwise) const {
    const auto found = values.find(attribute);
    return found == values.end() ? otherwise : found->second;
  }
};
struct cublasLtMatrixLayout {
  cudaDataType_t type;
  int64_t rows, columns, pitch;
};

namespace {

float load(const void* data, cudaDataType_t type, int64_t i) {
  switch (type) {
    case CUDA_R_16BF:
      return static_cast<const __nv_bfloat16*>(data)[i];
    case CUDA_R_16F:
      return static_cast<const __half*>(data)[i];
    case CUDA_R_8I:
      return static_cast<const int8_t*>(data)[i];
    default:
      return static_cast<const float*>(data)[i];
  }
}

void store(void* data, cudaDataType_t type, int64_t i, float value) {
  switch (type) {
    case CUDA_R_16BF:
      static_cast<__nv_bfloat16*>(data)[i] = value;
      break;
    case CUDA_R_16F:
      static_cast<__half*>(data)[i] = value;
      break;
    default:
      static_cast<float*>(data)[i] = value;
  }
}

/// Takes an attribute of 4 or 8 bytes.
cublasStatus_t keep(int64_t& number, const void* value, size_t bytes) {
  if (bytes != 4 && bytes != 8) return CUBLAS_STATUS_INVALID_VALUE;
  number = 0;
  std::memcpy(&number, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

struct Problem {
  const cublasLtMatmulDescription& description;
  const cublasLtMatrixLayout &a, &b, &c, &d;

  bool transposed(cublasLtMatmulDescAttributes_t side) const {
    return description.at(side, CUBLAS_OP_N) == CUBLAS_OP_T;
  }
  int64_t inner() const { return transposed(CUBLASLT_MATMUL_DESC_TRANSA) ? a.rows : a.columns; }
  int64_t epilogue() const {
    return description.at(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT);
  }
  bool is_integer() const { return description.compute == CUBLAS_COMPUTE_32I; }
};

bool shapes_match(const Problem& p) {
  const bool ta = p.transposed(CUBLASLT_MATMUL_DESC_TRANSA);
  const bool tb = p.transposed(CUBLASLT_MATMUL_DESC_TRANSB);
  const auto holds = [](const cublasLtMatrixLayout& layout) {
    return layout.rows > 0 && layout.columns > 0 && layout.pitch >= layout.rows;
  };
  return holds(p.a) && holds(p.b) && holds(p.c) && holds(p.d) &&
         (ta ? p.a.columns : p.a.rows) == p.d.rows &&
         (tb ? p.b.rows : p.b.columns) == p.d.columns &&
         (tb ? p.b.columns : p.b.rows) == p.inner() && p.c.rows == p.d.rows &&
         p.c.columns == p.d.columns;
}

bool integers_are_supported(const Problem& p) {
  const auto is_whole = [](int64_t value) { return value % 4 == 0; };
  return p.b.type == CUDA_R_8I && p.d.type == CUDA_R_32I && p.c.type == CUDA_R_32I &&
         p.transposed(CUBLASLT_MATMUL_DESC_TRANSA) &&
         !p.transposed(CUBLASLT_MATMUL_DESC_TRANSB) && is_whole(p.a.rows) &&
         is_whole(p.a.columns) && is_whole(p.b.columns) && is_whole(p.a.pitch) &&
         is_whole(p.b.pitch) && is_whole(p.d.pitch) && p.epilogue() == CUBLASLT_EPILOGUE_DEFAULT;
}

bool auxiliary_is_supported(const Problem& p) {
  return p.d.rows % 8 == 0 &&
         p.description.at(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, 1) % 8 == 0 &&
         p.description.at(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, 1) % 16 == 0;
}

bool epilogue_is_supported(const Problem& p) {
  const auto type = p.description.at(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, p.d.type);
  switch (p.epilogue()) {
    case CUBLASLT_EPILOGUE_DEFAULT:
      return true;
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
      return type == p.d.type;
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
      return type == p.d.type && auxiliary_is_supported(p);
    case CUBLASLT_EPILOGUE_DGELU:
      return auxiliary_is_supported(p);
    case CUBLASLT_EPILOGUE_BGRADB:
      return type == p.d.type && p.description.at(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0) != 0;
    default:
      return false;
  }
}

bool is_supported(const Problem& p) {
  if (!shapes_match(p) || p.a.type != p.b.type || p.c.type != p.d.type) return false;
  if (p.is_integer()) return p.a.type == CUDA_R_8I && integers_are_supported(p);
  const bool narrow = p.a.type == CUDA_R_16BF || p.a.type == CUDA_R_16F;
  if (!narrow && p.a.type != CUDA_R_32F) return false;
  return (p.d.type == CUDA_R_32F || p.d.type == p.a.type) && epilogue_is_supported(p);
}

/// op(matrix) as vectors of the inner dimension, one after the other.
std::vector<float> gather(const void* data, const cublasLtMatrixLayout& layout, bool inner_is_row) {
  const int64_t inner = inner_is_row ? layout.rows : layout.columns;
  const int64_t count = inner_is_row ? layout.columns : layout.rows;
  std::vector<float> vectors(size_t(inner * count));
  for (int64_t v = 0; v < count; ++v) {
    for (int64_t k = 0; k < inner; ++k) {
      const int64_t place = inner_is_row ? v * layout.pitch + k : k * layout.pitch + v;
      vectors[size_t(v * inner + k)] = load(data, layout.type, place);
    }
  }
  return vectors;
}

/// Sixteen partial sums, then their sum: as good as a GPU's tiles, and the same in every company.
float dot(const float* a, const float* b, int64_t count) {
  constexpr int64_t kLanes = 16;
  float sums[kLanes] = {};
  int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[k + lane] * b[k + lane];
  }
  for (int64_t lane = 0; k < count; ++k, ++lane) sums[lane] += a[k] * b[k];
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

int32_t integer_dot(const float* a, const float* b, int64_t count) {
  int32_t sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += int32_t(a[k]) * int32_t(b[k]);
  return sum;
}

float gelu(float x) {
  return 0.5f * x * (1 + std::tanh(0.7978845608f * (x + 0.044715f * x * x * x)));
}

float gelu_slope(float x) {
  const float t = std::tanh(0.7978845608f * (x + 0.044715f * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.7978845608f * (1 + 0.134145f * x * x);
}

template <class T>
T* pointer_of(const Problem& p, cublasLtMatmulDescAttributes_t attribute) {
  return reinterpret_cast<T*>(p.description.at(attribute, 0));
}

/// What the epilogue makes of the value at (row, column) of D.
float finish(const Problem& p, int64_t row, int64_t column, float value) {
  const int64_t epilogue = p.epilogue();
  if (epilogue == CUBLASLT_EPILOGUE_DEFAULT || epilogue == CUBLASLT_EPILOGUE_BGRADB) return value;
  if (epilogue == CUBLASLT_EPILOGUE_DGELU) {
    const int64_t pitch = p.description.at(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, 0);
    const void* kept = pointer_of<const void>(p, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER);
    return value * gelu_slope(load(kept, p.d.type, column * pitch + row));
  }
  value += load(pointer_of<const void>(p, CUBLASLT_MATMUL_DESC_BIAS_POINTER), p.d.type, row);
  if (epilogue == CUBLASLT_EPILOGUE_BIAS) return value;
  if (epilogue == CUBLASLT_EPILOGUE_GELU_AUX_BIAS) {
    const int64_t pitch = p.description.at(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, 0);
    store(pointer_of<void>(p, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER), p.d.type,
          column * pitch + row, value);
  }
  return gelu(value);
}

/// BGRADB: the sums of op(B)'s columns over the inner dimension, written, not added to.
void write_bias_gradient(const Problem& p, const std::vector<float>& right) {
  auto* sums = pointer_of<void>(p, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
  const int64_t inner = p.inner();
  const std::vector<float> ones(size_t(inner), 1.0f);
  for (int64_t column = 0; column < p.d.columns; ++column) {
    const float sum = dot(right.data() + column * inner, ones.data(), inner);
    store(sums, p.d.type, column, sum);
  }
}

/// A call with all that it looks at, so that a graph can repeat it.
struct Product {
  cublasLtMatmulDescription description;
  cublasLtMatrixLayout layouts[4];
  const void *a, *b, *c;
  void *d, *workspace;
  float alpha, beta;

  static void run_kept(void* context) { static_cast<Product*>(context)->run(); }
  static void release(void* context) { delete static_cast<Product*>(context); }
  void run() const;
};

void Product::run() const {
  const Problem p{description, layouts[0], layouts[1], layouts[2], layouts[3]};
  std::memset(workspace, 0xff, 256);  // it may be written: whoever keeps something there finds out
  const auto left = gather(a, p.a, p.transposed(CUBLASLT_MATMUL_DESC_TRANSA));
  const auto right = gather(b, p.b, !p.transposed(CUBLASLT_MATMUL_DESC_TRANSB));
  if (p.epilogue() == CUBLASLT_EPILOGUE_BGRADB) write_bias_gradient(p, right);
  const int64_t inner = p.inner();
  for (int64_t column = 0; column < p.d.columns; ++column) {
    for (int64_t row = 0; row < p.d.rows; ++row) {
      const float *x = left.data() + row * inner, *y = right.data() + column * inner;
      if (p.is_integer()) {
        static_cast<int32_t*>(d)[column * p.d.pitch + row] = integer_dot(x, y, inner);
        continue;
      }
      float value = alpha * dot(x, y, inner);
      if (beta != 0) value += beta * load(c, p.c.type, column * p.c.pitch + row);
      store(d, p.d.type, column * p.d.pitch + row, finish(p, row, column, value));
    }
  }
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = new cublasLtContext;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  if (status == CUBLAS_STATUS_SUCCESS) return "success";
  return status == CUBLAS_STATUS_NOT_SUPPORTED ? "not supported" : "invalid value";
}

size_t cublasLtGetVersion() {
  return 130000;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description,
                                        cublasComputeType_t compute, cudaDataType_t scale) {
  *description = new cublasLtMatmulDescription{compute, scale, {}};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  delete description;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  return keep(description->values[attribute], value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t pitch) {
  *layout = new cublasLtMatrixLayout{type, int64_t(rows), int64_t(columns), pitch};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreference;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  return keep(preference->values[attribute], value, bytes);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t, cublasLtMatmulDesc_t description, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
    cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t* results, int* count) {
  *count = is_supported({*description, *a, *b, *c, *d});
  if (*count == 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  *results = {.algo = {{1}}, .workspaceSize = 256, .state = CUBLAS_STATUS_SUCCESS,
              .wavesCount = 1};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  if (!is_supported({*description, *a, *b, *c, *d})) return CUBLAS_STATUS_NOT_SUPPORTED;
  *result = {.algo = *algorithm, .workspaceSize = 256, .state = CUBLAS_STATUS_SUCCESS,
             .wavesCount = 1};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                              const void* alpha, const void* a, cublasLtMatrixLayout_t a_layout,
                              const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              size_t workspace_bytes, cudaStream_t stream) {
  const Problem p{*description, *a_layout, *b_layout, *c_layout, *d_layout};
  if (!is_supported(p) || algorithm->data[0] != 1) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (!workspace || workspace_bytes < 256) return CUBLAS_STATUS_INVALID_VALUE;
  emulator::log_call("matmul epilogue=%d compute=%d", int(p.epilogue()),
                     int(description->compute));
  const bool integers = p.is_integer();
  const Product product{.description = *description,
                        .layouts = {*a_layout, *b_layout, *c_layout, *d_layout},
                        .a = a,
                        .b = b,
                        .c = c,
                        .d = d,
                        .workspace = workspace,
                        .alpha = integers ? 1 : *static_cast<const float*>(alpha),
                        .beta = integers ? 0 : *static_cast<const float*>(beta)};
  if (emulator::is_capturing(stream)) {
    emulator::keep(stream, {.run = Product::run_kept,
                            .release = Product::release,
                            .context = new Product(product)});
  } else {
    product.run();
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
