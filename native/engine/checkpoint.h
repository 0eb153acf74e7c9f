// Checkpoint files to parameters and back: name variants, tied tensors, missing heads.
#pragma once

#include <map>
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

/// Where each parameter of a model comes from: a tensor of a file, or the seed.
class CheckpointReader final : public model::ParameterReader {
 public:
  /// Finds every parameter. Tolerated: names with and without "albert.", "gamma"/"beta" for a
  /// norm's weight and bias, predictions.bias stored as predictions.decoder.bias. Head parameters
  /// that the file lacks come from the seed. Throws Error{kFormat} where an encoder parameter is
  /// missing, {kShape} where a shape contradicts the configuration.
  CheckpointReader(const formats::TensorSource& source, const model::Architecture& architecture,
                   uint64_t seed);
  /// All parameters from the seed.
  CheckpointReader(const model::Architecture& architecture, uint64_t seed);

  const model::AlbertParams& shapes() const override { return shapes_; }
  void read(const Tensor& member, const Tensor& destination) override;

  /// Head parameters that come from the seed, and tensors that nothing reads, in words.
  std::vector<std::string> warnings() const;

 private:
  struct Origin {
    model::ParameterSpec spec;
    std::string tensor;  // of the source; empty: from the seed
  };
  /// The name of a parameter's tensor in the source; empty for a head parameter without one.
  std::string find(const model::ParameterSpec& spec) const;

  const formats::TensorSource* source_ = nullptr;
  const model::Config config_;
  const uint64_t seed_;
  model::AlbertParams shapes_;
  std::map<const Tensor*, Origin> origins_;
};

/// Writes the parameters as float32 under Hugging Face's names, atomically.
void write_checkpoint(const std::string& file, const model::AlbertWeights& weights);

}  // namespace albert::engine
