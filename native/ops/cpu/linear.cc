// Linear map: rows and panels are dealt out to threads, the epilogue rides on the tiles.
#include <algorithm>

#include "core/error.h"
#include "ops/cpu/executor.h"
#include "ops/cpu/packed_weight.h"

namespace albert::cpu {

namespace {

/// Rows of one part: enough to use a panel many times while it is in cache.
constexpr int64_t kRowsPerPart = 96;

const PackedWeight& packed(const LinearWeight& weight, const KernelTable& kernels) {
  const auto* own = dynamic_cast<const PackedWeight*>(&weight);
  if (own == nullptr || &own->kernels() != &kernels) {
    throw Error(ErrorCode::kBackend,
                "linear: the weight was prepared by another backend; prepare it with this one");
  }
  return *own;
}

GemmTask whole_task(const LinearForward& op, const PackedWeight& weight) {
  return {.x = op.x.as<float>(),
          .x_stride = op.x.row_stride,
          .panels = weight.panels(),
          .bias = weight.bias(),
          .y = op.y.as<float>(),
          .y_stride = op.y.row_stride,
          .preactivation = op.preactivation.as<float>(),
          .preactivation_stride = op.preactivation.row_stride,
          .rows = op.x.rows(),
          .inputs = weight.inputs(),
          .outputs = weight.outputs(),
          .panel_begin = 0,
          .panel_end = weight.panel_count(),
          .epilogue = epilogue_of(op.activation)};
}

/// Rows [begin, end) of a task.
GemmTask rows_of(GemmTask task, int64_t begin, int64_t end) {
  task.x += begin * task.x_stride;
  task.y += begin * task.y_stride;
  if (task.preactivation) task.preactivation += begin * task.preactivation_stride;
  task.rows = end - begin;
  return task;
}

/// The boundary of part `index` of `parts` of [0, total), rounded up to whole tiles: then no part
/// has more tiles than its share rounded up.
int64_t boundary(int64_t total, int64_t parts, int64_t index, int64_t tile) {
  return std::min(total, (total * index / parts + tile - 1) / tile * tile);
}

}  // namespace

void CpuOps::run(const LinearForward& op) {
  const PackedWeight& weight = packed(op.weight, kernels_);
  if (op.x.rows() == 0) return;
  const GemmTask whole = whole_task(op, weight);
  // A unit is a nanosecond: about 32 multiply-adds with AVX2, and 16 weights from memory.
  const double weights = double(whole.inputs) * double(whole.outputs);
  const double units = std::max(weights * double(whole.rows) / 32, weights / 16);
  const int64_t row_parts = (whole.rows + kRowsPerPart - 1) / kRowsPerPart;
  const int64_t wanted = chunks_for(units, row_parts * weight.panel_count());
  const int64_t panel_parts = std::min((wanted + row_parts - 1) / row_parts, weight.panel_count());
  pool_->parallel_for(row_parts * panel_parts, wanted == 1 ? 1 : width_, [&](int64_t part) {
    const int64_t row = part / panel_parts, panel = part % panel_parts;
    GemmTask task = rows_of(whole, boundary(whole.rows, row_parts, row, kernels_.row_tile),
                            boundary(whole.rows, row_parts, row + 1, kernels_.row_tile));
    task.panel_begin = boundary(weight.panel_count(), panel_parts, panel, 1);
    task.panel_end = boundary(weight.panel_count(), panel_parts, panel + 1, 1);
    kernels_.gemm(task);
  });
}

}  // namespace albert::cpu
