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
          .residual = nullptr,
          .residual_stride = 0,
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
  if (task.residual) {
    task.residual = static_cast<const char*>(task.residual) +
                    begin * task.residual_stride * size_of(task.y_element);
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
  GemmTask whole = whole_task(op, weight);
  stage(op.x, weight, whole);
  multiply(whole, weight.format_kernels());
}

void CpuOps::multiply(const GemmTask& whole, const FormatKernels& format) {
  const int64_t panels = whole.panel_end;
  // A unit is a nanosecond: about 32 multiply-adds with AVX2, and 16 weights from memory.
  const double weights = double(whole.words * format.group) * double(whole.outputs);
  const double units = std::max(weights * double(whole.rows) / 32, weights / 16);
  const int64_t row_parts = (whole.rows + format.row_block - 1) / format.row_block;
  const int64_t wanted = chunks_for(units, row_parts * panels);
  const int64_t panel_parts = std::min((wanted + row_parts - 1) / row_parts, panels);
  const auto part_of = [&](int64_t part) {
    const int64_t row = part / panel_parts, panel = part % panel_parts;
    GemmTask task = rows_of(whole, boundary(whole.rows, row_parts, row, format.row_tile),
                            boundary(whole.rows, row_parts, row + 1, format.row_tile), format);
    task.panel_begin = boundary(panels, panel_parts, panel, format.panels_at_once);
    task.panel_end = boundary(panels, panel_parts, panel + 1, format.panels_at_once);
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

namespace {

/// What a format's left side is made of.
DType left_dtype(const FormatKernels& format) {
  return format.left_bytes == size_of(Element::kBF16) ? DType::kBF16 : DType::kF32;
}

/// Columns that a thread transposes at once: whole cache lines of either side.
constexpr int64_t kTransposedColumns = 64;

int64_t rounded_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Words of a row of so many inputs, on either side.
int64_t words_of(int64_t inputs, const FormatKernels& format) {
  return rounded_up((inputs + format.group - 1) / format.group, format.word_multiple);
}

/// Elements from row to row of what is transposed: whole vectors of words; where rows do not lie
/// together, a cache line more, as in stage().
int64_t transposed_stride(int64_t rows, const FormatKernels& format) {
  const int64_t line = 64 / format.left_bytes;
  return rounded_up(words_of(rows, format) * format.group, line) +
         (format.staged_rows > 1 ? 0 : line);
}

void refuse_int8(const PackedWeight& weight) {
  if (weight.format() != Format::kInt8) return;
  throw Error(ErrorCode::kBackend,
              "linear_backward: int8 weights have no gradient; train with dtype \"fp32\" or "
              "\"bf16\"");
}

}  // namespace

/// dz = dy ⊙ activation'(preactivation); dy itself where there is none.
Tensor CpuOps::inner_gradient(const LinearBackward& op, const FormatKernels& format) {
  if (op.activation == Activation::kNone) return op.dy;
  const int64_t rows = op.dy.rows(), columns = op.dy.columns();
  const int64_t line = 64 / format.left_bytes, stride = rounded_up(columns, line) + line;
  gradients_.grow(size_t(rows * stride * format.left_bytes) / sizeof(float) + 1);
  Tensor dz(gradients_.data(), left_dtype(format), {rows, columns});
  dz.row_stride = stride;
  run(ActivationBackward{
      .dx = dz, .dy = op.dy, .x = op.preactivation, .activation = op.activation});
  return dz;
}

void CpuOps::transpose(const Tensor& dz, const Tensor& dbias, bool sums_only,
                       const FormatKernels& format) {
  const int64_t rows = dz.rows(), columns = dz.columns();
  const int64_t stride = transposed_stride(rows, format), bytes = size_of(element_of(dz));
  if (!sums_only) {
    const int64_t left_rows = rounded_up(columns, format.staged_rows);
    transposed_.grow(size_t(left_rows * stride * format.left_bytes) / sizeof(float) + 1);
  }
  char* const left = sums_only ? nullptr : reinterpret_cast<char*>(transposed_.data());
  const int64_t blocks = (columns + kTransposedColumns - 1) / kTransposedColumns;
  for_ranges(blocks, 0.3 * double(rows * kTransposedColumns), [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kTransposedColumns;
    format.pack.transpose({.left = left ? left + first * stride * format.left_bytes : nullptr,
                           .left_stride = stride,
                           .x = dz.as<char>() + first * bytes,
                           .x_stride = dz.row_stride,
                           .x_element = element_of(dz),
                           .rows = rows,
                           .columns = std::min(end * kTransposedColumns, columns) - first,
                           .column_sums = dbias ? dbias.as<float>() + first : nullptr});
  });
}

void CpuOps::pack_down(const Tensor& x, const FormatKernels& format) {
  const int64_t width = format.panel_columns, bytes = size_of(element_of(x));
  const int64_t panels = (x.columns() + width - 1) / width;
  const int64_t panel_bytes =
      words_of(x.rows(), format) * format.group * width * format.right_bytes;
  panels_.grow(size_t(panels * panel_bytes) / sizeof(float) + 1);
  for_ranges(panels, 0.3 * double(x.rows() * width), [&](int64_t begin, int64_t end) {
    format.pack.pack_down({.panels = reinterpret_cast<char*>(panels_.data()) + begin * panel_bytes,
                           .x = x.as<char>() + begin * width * bytes,
                           .x_stride = x.row_stride,
                           .x_element = element_of(x),
                           .rows = x.rows(),
                           .columns = std::min(end * width, x.columns()) - begin * width});
  });
  if (zeros_.size() < size_t(panels * width)) {
    zeros_.grow(size_t(panels * width));
    std::fill_n(zeros_.data(), zeros_.size(), 0.0f);
  }
}

/// dweight += dzᵀ · x: a product whose inputs are the rows.
void CpuOps::add_weight_gradient(const LinearBackward& op, const Tensor& dz,
                                 const FormatKernels& format) {
  pack_down(op.x, format);
  multiply({.left = transposed_.data(),
            .left_stride = transposed_stride(dz.rows(), format),
            .row_scales = nullptr,
            .row_zero_points = nullptr,
            .column_scales = nullptr,
            .column_sums = nullptr,
            .panels = panels_.data(),
            .bias = zeros_.data(),
            .y = op.dweight.data,
            .y_stride = op.dweight.row_stride,
            .preactivation = nullptr,
            .preactivation_stride = 0,
            .residual = op.dweight.data,
            .residual_stride = op.dweight.row_stride,
            .y_element = Element::kF32,
            .rows = op.dweight.rows(),
            .words = words_of(dz.rows(), format),
            .outputs = op.dweight.columns(),
            .panel_begin = 0,
            .panel_end = (op.dweight.columns() + format.panel_columns - 1) / format.panel_columns,
            .epilogue = Epilogue::kNone,
            .scratch = nullptr},
           format);
}

void CpuOps::run(const LinearBackward& op) {
  const PackedWeight& weight = packed(op.weight, kernels_);
  refuse_int8(weight);
  if (op.dy.rows() == 0) return;
  const FormatKernels& format = weight.format_kernels();
  const Tensor dz = inner_gradient(op, format);
  if (op.dweight || op.dbias) transpose(dz, op.dbias, !op.dweight, format);
  if (op.dweight) add_weight_gradient(op, dz, format);
  if (!op.dx) return;
  const PackedWeight& transposed = weight.transposed(*pool_);
  GemmTask whole = whole_task({.y = op.dx,
                               .preactivation = {},
                               .x = dz,
                               .weight = transposed,
                               .activation = Activation::kNone},
                              transposed);
  whole.residual = op.dresidual.data;
  whole.residual_stride = op.dresidual.row_stride;
  stage(dz, transposed, whole);
  multiply(whole, format);
  if (!op.input.preactivation) return;
  run(ActivationBackward{.dx = op.dx,
                         .dy = op.dx,
                         .x = op.input.preactivation,
                         .activation = op.input.activation});
}

}  // namespace albert::cpu
