// y = x in y's element type, rounded to nearest.
#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

template <class Y, class X>
struct Convert {
  Rows<Y> y;
  Rows<const X> x;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float values[kWidth];
    load(values, x[row] + column);
    store(y[row] + column, values);
  }
};

}  // namespace

cudaError_t run(const ConvertForward& op, const Queue& queue) {
  return for_types(op.y.dtype, op.x.dtype, [&](auto y, auto x) {
    using Y = typename decltype(y)::type;
    using X = typename decltype(x)::type;
    const Convert<Y, X> body{rows_of<Y>(op.y), rows_of<const X>(op.x)};
    return for_each_element(body, {op.x, op.y}, queue.stream);
  });
}

}  // namespace albert::cuda
