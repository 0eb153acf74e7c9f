// config.json to model::Config: defaults, spellings and contradictions.
#pragma once

#include <string_view>

#include "model/config.h"

namespace albert::engine {

/// Reads and validates Hugging Face's config.json: "gelu" is the erf form, "gelu_new" the tanh form
/// (Google's albert_config.json means the tanh form by "gelu": lib/config.ts translates). Unknown
/// and legacy keys are ignored. Throws Error{kConfig} that names the field: missing, of the wrong
/// type, out of range, contradicting another, or not supported (relative position types, unknown
/// activations, another model_type).
model::Config parse_config(std::string_view text);

}  // namespace albert::engine
