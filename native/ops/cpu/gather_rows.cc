// Row selection: rows are dealt out to threads.
#include <algorithm>
#include <cstring>

#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const GatherRowsForward& op) {
  const int32_t* rows = op.rows.as<int32_t>();
  const size_t bytes = size_t(op.y.columns() * size_of(element_of(op.y)));
  for_ranges(op.y.rows(), 0.3 * double(op.y.columns()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::memcpy(row_of(op.y, i), row_of(op.x, rows[i]), bytes);
    }
  });
}

void CpuOps::run(const GatherRowsBackward& op) {
  const int64_t columns = op.dx.columns(), bytes = size_of(element_of(op.dx));
  const bool in_place = op.dresidual.data == op.dx.data;
  for_ranges(op.dx.rows(), 0.3 * double(columns), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      if (!op.dresidual) {
        std::memset(row_of(op.dx, r), 0, size_t(columns * bytes));
      } else if (!in_place) {
        std::memcpy(row_of(op.dx, r), row_of(op.dresidual, r), size_t(columns * bytes));
      }
    }
  });
  // Threads share out columns: rows that are selected twice then add up in order.
  constexpr int64_t kColumns = 64;
  const int32_t* rows = op.rows.as<int32_t>();
  const double units = 10 * double(op.dy.rows());
  for_ranges((columns + kColumns - 1) / kColumns, units, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumns, count = std::min(end * kColumns, columns) - first;
    for (int64_t i = 0; i < op.dy.rows(); ++i) {
      kernels_.training.add(static_cast<char*>(row_of(op.dx, rows[i])) + first * bytes,
                            static_cast<char*>(row_of(op.dy, i)) + first * bytes, element_of(op.dx),
                            count);
    }
  });
}

}  // namespace albert::cpu
