// Fresh parameters from a seed.
#pragma once

#include <cstdint>

#include "model/params.h"

namespace albert::model {

/// Fills one parameter (f32 or f64): matrices and tables ~ normal(0, initializer_range), biases 0,
/// norm weights 1; the padding row of the word embedding is 0 (Hugging Face's rule). The numbers
/// are a function of (seed, name of the parameter, index): the same whatever else is initialised.
void initialize(const ParameterSpec& spec, const Config& config, uint64_t seed,
                const Tensor& tensor);

}  // namespace albert::model
