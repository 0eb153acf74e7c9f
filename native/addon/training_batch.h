// Batches and rules of training as JavaScript passes them.
#pragma once

#include "addon/arguments.h"
#include "engine/job.h"
#include "train/gradients.h"

namespace albert::addon {

/// "huggingface" or "google".
train::Dialect read_dialect(const Argument& field);

/// Checks the request as a forward pass does, and takes from it what training needs. Throws
/// Error{kRange} and Error{kShape}.
train::TrainingBatch training_batch(const model::Architecture& architecture,
                                    engine::JobRequest request, int64_t first_sequence);

}  // namespace albert::addon
