// Row selection: rows are dealt out to threads.
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

}  // namespace albert::cpu
