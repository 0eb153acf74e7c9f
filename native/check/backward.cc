// A backward op beside its forward.
#include "check/backward.h"

#include <utility>

namespace albert::checks {

void add_kept(OpPair& pair, Precision precision) {
  const auto reference =
      open_backend({.device = "reference", .dtype = "fp32", .instruction_set = ""});
  Stage stage{*reference};
  Fixture fixture(stage);
  pair.forward(fixture, pair.arrays).run(*reference->executor(1));
  for (OutputValues& output : fixture.outputs()) {
    if (precision == Precision::kFloat32) {
      for (double& value : output.values) value = double(float(value));
    }
    const int64_t rows = output.partition.rows();
    pair.arrays[output.name] = {rows, output.columns, output.is_vector, std::move(output.values)};
  }
}

Origins draw_origins(ValueSource& source, int64_t rows) {
  return {source.indices(rows, 1 << 20), source.indices(rows, 512)};
}

Dropout bind_dropout(Fixture& fixture, double probability, const Origins& origins,
                     const Partition& partition) {
  if (probability == 0) return {};
  return {.probability = probability,
          .key = dropout_key(42, 7, 1, 3),
          .rows = {.sequences = fixture.indices(origins.sequences, partition),
                   .positions = fixture.indices(origins.positions, partition)}};
}

}  // namespace albert::checks
