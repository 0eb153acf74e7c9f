// Reads the settings of pretraining data.
#pragma once

#include "addon/arguments.h"
#include "data/pretraining_settings.h"

namespace albert::addon {

/// Absent settings keep their defaults; the ranges are checked where the settings are used.
data::PretrainingSettings read_pretraining_settings(const Argument& settings);

}  // namespace albert::addon
