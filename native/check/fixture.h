// Puts a case's tensors on a backend, surrounded by guard zones, and takes its results back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/values.h"
#include "ops/backend.h"

namespace albert::checks {

/// Which of the backend's two element types a tensor has, or the type of scalars.
enum class Kind { kActivation, kMaster, kFloat64 };

/// Element type, and how many columns of a wider matrix lie left and right of the tensor's own.
struct Placement {
  Kind kind = Kind::kActivation;
  int64_t left = 0;
  int64_t right = 0;
};

/// An op bound to tensors, ready to run, and what one run costs.
struct BoundOp {
  std::function<void(Ops&)> run;
  double flops;
  double bytes;
};

template <class Op>
BoundOp bound(const Op& op, void (Ops::*forward)(const Op&)) {
  return {[op, forward](Ops& ops) { (ops.*forward)(op); }, flops(op), bytes(op)};
}

/// The numbers of one output after a run.
struct OutputValues {
  std::string name;
  Partition partition;
  int64_t columns;
  bool is_vector;
  bool accumulated;  // over all items: says nothing about one of them
  std::vector<double> values;
};

/// A backend and the weights prepared on it: what the runs of one case share.
struct Stage {
  Backend& backend;
  std::map<std::string, std::unique_ptr<LinearWeight>> weights = {};
};

/// The tensors of one run: of the whole case, or of one of its items alone. Inputs lie between NaNs
/// (a read past them shows in the result), outputs are NaN between sentinels (a number left out and
/// a write past the end both show).
class Fixture {
 public:
  explicit Fixture(Stage& stage, std::optional<int64_t> item = {}) : stage_(stage), item_(item) {}
  ~Fixture();
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  /// The chosen items' rows of an input.
  Tensor input(const HostArray& array, const Partition& partition, Placement placement = {});
  Tensor indices(const std::vector<int32_t>& indices, const Partition& partition);
  /// The offsets of the chosen items, from 0.
  Tensor offsets(const Partition& partition);
  /// The same offsets or indices in host memory, for what counts by them.
  Tensor on_host(const Tensor& device) const;
  /// An input that every item sees whole: a table, a norm's weight.
  Tensor shared(const HostArray& array, Placement placement = {});
  /// A scalar that the op reads: f64 or i32.
  Tensor constant(double value);
  Tensor constant(int32_t value) { return upload_indices({value}); }
  /// Prepared once a stage: the parts are stacked along the outputs. `bias` may be null.
  const LinearWeight& weight(const HostArray& matrix, const HostArray* bias, int parts = 1);

  Tensor output(const char* name, const Partition& partition, int64_t columns,
                Placement placement = {});
  Tensor output_vector(const char* name, const Partition& partition, Kind kind = Kind::kMaster);
  /// An input that the op overwrites with its output.
  Tensor in_place(const char* name, const HostArray& array, const Partition& partition,
                  Placement placement = {});
  /// A gradient that all items add to: whole for every item, with values to begin from.
  Tensor accumulator(const char* name, const HostArray& array);

  std::vector<OutputValues> outputs() const;
  /// One line for each buffer with a changed number outside its outputs.
  std::vector<std::string> damage() const;

 private:
  struct Buffer {
    std::string name;           // empty: an input
    Partition partition;        // of the rows in the buffer
    Tensor whole;               // with guard zones, flat
    std::vector<double> image;  // after the upload
    int64_t rows, columns, left, stride;
    bool is_vector, accumulated;
  };
  struct Request {
    const char* name;  // empty: an input
    Partition partition;
    int64_t columns;
    bool is_vector;
    Placement placement;
    double surroundings;
    const double* values;  // null: NaN
    bool accumulated = false;
  };
  Tensor place(const Request& request);
  Tensor allocate(DType dtype, int64_t count);
  Tensor upload_indices(const std::vector<int32_t>& indices);
  std::vector<double> download(const Buffer& buffer) const;
  /// The rows [first, second) of the chosen items.
  std::pair<int64_t, int64_t> chosen_rows(const Partition& partition) const;
  std::vector<int64_t> chosen_lengths(const Partition& partition) const;
  Partition chosen(const Partition& partition) const;

  Stage& stage_;
  std::optional<int64_t> item_;
  std::vector<Buffer> buffers_;
  std::vector<std::pair<void*, size_t>> allocations_;
  std::map<const void*, std::vector<int32_t>> indices_;  // by where they lie on the device
};

/// An op whose cost depends on the lengths in its offsets, which may lie on a device.
template <class Op>
BoundOp bound_by_lengths(const Fixture& fixture, const Op& op, void (Ops::*run)(const Op&)) {
  Op counted = op;
  counted.query_cu_seqlens = fixture.on_host(op.query_cu_seqlens);
  counted.cu_seqlens = fixture.on_host(op.cu_seqlens);
  return {[op, run](Ops& ops) { (ops.*run)(op); }, flops(counted), bytes(counted)};
}

}  // namespace albert::checks
