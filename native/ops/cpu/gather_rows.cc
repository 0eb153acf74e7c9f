// Row selection: rows are dealt out to threads.
#include <algorithm>

#include "ops/cpu/executor.h"

namespace albert::cpu {

void CpuOps::run(const GatherRowsForward& op) {
  const int32_t* rows = op.rows.as<int32_t>();
  for_ranges(op.y.rows(), 0.3 * double(op.y.columns()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::copy_n(op.x.row<float>(rows[i]), op.y.columns(), op.y.row<float>(i));
    }
  });
}

}  // namespace albert::cpu
