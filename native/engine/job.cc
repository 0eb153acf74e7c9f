// Memory of a job's outputs.
#include "engine/job.h"

#include <cstdlib>

namespace albert::engine {

JobOutput::JobOutput(std::string output_name, DType output_dtype, std::vector<int64_t> shape)
    : name(std::move(output_name)), dtype(output_dtype), dims(std::move(shape)), bytes(0) {
  // The largest array that every supported runtime of the callers takes (Node.js 20: 4 GiB).
  constexpr size_t kMost = size_t{1} << 32;
  size_t total = size_of(dtype);
  for (const int64_t dimension : dims) {
    total =
        dimension > 0 && total > kMost / size_t(dimension) ? kMost + 1 : total * size_t(dimension);
    if (total > kMost) break;
  }
  bytes = total;
  // calloc takes large blocks from the kernel as zero pages: nothing is written twice.
  void* memory = total > kMost ? nullptr : std::calloc(total == 0 ? 1 : total, 1);
  if (memory == nullptr) {
    std::string text;
    for (const int64_t dimension : dims)
      text += (text.empty() ? "" : " x ") + std::to_string(dimension);
    throw Error(ErrorCode::kMemory, "the output " + name + " of " + text +
                                        " elements does not fit; " +
                                        "send smaller batches or ask for fewer positions");
  }
  data = std::shared_ptr<void>(memory, std::free);
}

Tensor JobOutput::view(int64_t offset, int64_t rows, int64_t columns) const {
  return Tensor(static_cast<char*>(data.get()) + size_t(offset) * size_of(dtype), dtype,
                {rows, columns});
}

const JobOutput& Job::output(std::string_view name) const {
  for (const JobOutput& output : outputs) {
    if (output.name == name) return output;
  }
  throw Error(ErrorCode::kShape, "job: no output named " + std::string(name));
}

}  // namespace albert::engine
