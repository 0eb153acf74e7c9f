// config.json to model::Config: defaults, spellings and contradictions.
#pragma once

#include <string_view>

#include "model/config.h"

namespace albert::engine {

/// Which program wrote the file: the same word means different functions.
enum class ConfigDialect : uint8_t {
  kHuggingFace,  // config.json: "gelu" is the erf form, "gelu_new" the tanh form
  kGoogle,       // albert_config.json: "gelu" is the tanh form
};

/// Reads and validates. Unknown and legacy keys are ignored. Throws Error{kConfig} that names the
/// field: missing, of the wrong type, out of range, contradicting another, or not supported
/// (relative position types, unknown activations, another model_type).
model::Config parse_config(std::string_view text, ConfigDialect dialect);

}  // namespace albert::engine
