// Linear map: rows and panels are dealt out to threads, the epilogue rides on the tiles.
#include <algorithm>

#include "core/error.h"
#include "ops/cpu/executor.h"
#include "ops/cpu/packed_weight.h"

namespace albert::cpu {

namespace {

const PackedWeight& packed(const LinearWeight& weight, const KernelTable& kernels) {
  const auto* own = dynamic_cast<const PackedWeight*>(&weight);
  if (own == nullptr || &own->kernels() != &kernels) {
    throw Error(ErrorCode::kBackend,
                "linear: the weight was prepared by another backend; prepare it with this one");
  }
  return *own;
}

GemmTask whole_task(const LinearForward& op, const PackedWeight& weight) {
  return {.left = op.x.data,
          .left_stride = op.x.row_stride,
          .row_scales = nullptr,
          .row_zero_points = nullptr,
          .column_scales = weight.column_scales(),
          .column_sums = weight.column_sums(),
          .panels = weight.panels(),
          .bias = weight.bias(),
          .y = op.y.data,
          .y_stride = op.y.row_stride,
          .preactivation = op.preactivation.data,
          .preactivation_stride = op.preactivation.row_stride,
          .y_element = element_of(op.y),
          .rows = op.x.rows(),
          .words = weight.words(),
          .outputs = weight.outputs(),
          .panel_begin = 0,
          .panel_end = weight.panel_count(),
          .epilogue = epilogue_of(op.activation),
          .scratch = nullptr};
}

/// Rows [begin, end) of a task.
GemmTask rows_of(GemmTask task, int64_t begin, int64_t end, const FormatKernels& format) {
  const int64_t y_bytes = begin * task.y_stride * size_of(task.y_element);
  task.left = static_cast<const char*>(task.left) + begin * task.left_stride * format.left_bytes;
  task.y = static_cast<char*>(task.y) + y_bytes;
  if (task.preactivation) {
    task.preactivation = static_cast<char*>(task.preactivation) +
                         begin * task.preactivation_stride * size_of(task.y_element);
  }
  if (task.row_scales) task.row_scales += begin, task.row_zero_points += begin;
  task.rows = end - begin;
  return task;
}

/// The boundary of part `index` of `parts` of [0, total), rounded up to whole tiles: then no part
/// has more tiles than its share rounded up.
int64_t boundary(int64_t total, int64_t parts, int64_t index, int64_t tile) {
  return std::min(total, (total * index / parts + tile - 1) / tile * tile);
}

}  // namespace

void CpuOps::stage(const Tensor& x, const PackedWeight& weight, GemmTask& task) {
  const FormatKernels& format = weight.format_kernels();
  const bool whole_words = weight.words() * format.group == weight.inputs();
  if (whole_words && format.reads[int(element_of(x))]) return;
  const int64_t together = format.staged_rows, units = (x.rows() + together - 1) / together;
  // One cache line more than the words: rows a multiple of 4 KiB apart share a set of L1.
  const int64_t gap = together > 1 ? 0 : 64 / format.left_bytes;
  const int64_t stride = weight.words() * format.group + gap;
  staged_.grow(size_t(units * together * stride * format.left_bytes) / sizeof(float) + 1);
  if (weight.format() == Format::kInt8 && int64_t(row_scales_.size()) < x.rows()) {
    row_scales_.resize(size_t(x.rows()));
    row_zero_points_.resize(size_t(x.rows()));
  }
  char* const left = reinterpret_cast<char*>(staged_.data());
  for_ranges(units, 0.3 * double(x.columns() * together), [&](int64_t first, int64_t last) {
    const int64_t begin = first * together, end = std::min(last * together, x.rows());
    format.stage({.left = left + begin * stride * format.left_bytes,
                  .left_stride = stride,
                  .x = row_of(x, begin),
                  .x_stride = x.row_stride,
                  .x_element = element_of(x),
                  .scales = row_scales_.data() + begin,
                  .zero_points = row_zero_points_.data() + begin,
                  .rows = end - begin,
                  .inputs = weight.inputs()});
  });
  task.left = left;
  task.left_stride = stride;
  task.row_scales = row_scales_.data();
  task.row_zero_points = row_zero_points_.data();
}

void CpuOps::run(const LinearForward& op) {
  const PackedWeight& weight = packed(op.weight, kernels_);
  if (op.x.rows() == 0) return;
  const FormatKernels& format = weight.format_kernels();
  GemmTask whole = whole_task(op, weight);
  stage(op.x, weight, whole);
  // A unit is a nanosecond: about 32 multiply-adds with AVX2, and 16 weights from memory.
  const double weights = double(weight.inputs()) * double(weight.outputs());
  const double units = std::max(weights * double(whole.rows) / 32, weights / 16);
  const int64_t row_parts = (whole.rows + format.row_block - 1) / format.row_block;
  const int64_t wanted = chunks_for(units, row_parts * weight.panel_count());
  const int64_t panel_parts = std::min((wanted + row_parts - 1) / row_parts, weight.panel_count());
  const auto part_of = [&](int64_t part) {
    const int64_t row = part / panel_parts, panel = part % panel_parts;
    GemmTask task = rows_of(whole, boundary(whole.rows, row_parts, row, format.row_tile),
                            boundary(whole.rows, row_parts, row + 1, format.row_tile), format);
    task.panel_begin = boundary(weight.panel_count(), panel_parts, panel, format.panels_at_once);
    task.panel_end = boundary(weight.panel_count(), panel_parts, panel + 1, format.panels_at_once);
    return task;
  };
  int64_t floats = 0;
  for (int64_t part = 0; part < row_parts * panel_parts; ++part) {
    floats = std::max(floats, format.gemm_scratch(part_of(part)));
  }
  const Items items = {.count = row_parts * panel_parts,
                       .threads = wanted == 1 ? 1 : width_,
                       .floats = size_t(floats)};
  for_items(items, [&](int64_t part, float* scratch) {
    GemmTask task = part_of(part);
    task.scratch = scratch;
    format.gemm(task);
  });
}

}  // namespace albert::cpu
