// Which outputs a job has, and where in them the rows of a tile belong.
#pragma once

#include <vector>

#include "engine/job.h"
#include "model/config.h"

namespace albert::engine {

/// The outputs that a request to this kind of model gives (losses are added at its end). Throws
/// Error{kMemory} where they do not fit.
std::vector<JobOutput> declare_outputs(const model::Architecture& architecture,
                                       const JobRequest& request);

/// Checks everything about a request that is not in data::validate: columns, head rows, choices,
/// labels. Throws Error{kRange} or {kShape}.
void validate_request(const model::Architecture& architecture, const JobRequest& request);

/// Rows that the head computes for sequence b: head_rows where given, else all its tokens.
int64_t head_row_count(const JobRequest& request, int64_t sequence);
/// The packed token of head row `index` of sequence b.
int32_t head_row(const JobRequest& request, int64_t sequence, int64_t index);

}  // namespace albert::engine
