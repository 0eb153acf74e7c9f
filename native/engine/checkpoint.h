// Checkpoint files to parameters and back: name variants, tied tensors, missing heads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/tensor_source.h"
#include "model/weights.h"

namespace albert::engine {

/// Parameters in host memory together with that memory.
struct HostParams {
  /// Allocates every parameter of the architecture, of f32 or f64.
  HostParams(const model::Architecture& architecture, DType dtype);

  std::unique_ptr<Memory> memory;
  Arena arena;
  model::AlbertParams params;
};

/// Reads every parameter. Tolerated: names with and without "albert.", "gamma"/"beta" for a norm's
/// weight and bias, predictions.bias stored as predictions.decoder.bias. Head parameters that the
/// file lacks are initialised from the seed; those, and tensors that nothing reads, are named in
/// `warnings`. Throws Error{kFormat} where an encoder parameter is missing, {kShape} where a shape
/// contradicts the configuration.
void read_checkpoint(const formats::TensorSource& source, const model::Architecture& architecture,
                     uint64_t seed, HostParams& host, std::vector<std::string>& warnings);

/// Fills every parameter from the seed.
void initialize_checkpoint(const model::Architecture& architecture, uint64_t seed,
                           HostParams& host);

/// Writes the parameters as float32 under Hugging Face's names, atomically.
void write_checkpoint(const std::string& file, const model::AlbertWeights& weights);

}  // namespace albert::engine
