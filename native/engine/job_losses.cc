// Losses of a finished job, from its outputs and labels.
#include <algorithm>

#include "engine/outputs.h"
#include "engine/tile.h"
#include "model/heads/losses.h"

namespace albert::engine {

namespace {

using model::LossScope;
using model::LossSum;
using model::ModelKind;

/// Logit rows that are brought back to the backend at a time.
constexpr int64_t kLossRows = 128;

void add_scalar(Job& job, const char* name, double value) {
  JobOutput output(name, job.request.float64 ? DType::kF64 : DType::kF32, {1});
  if (job.request.float64) {
    *static_cast<double*>(output.data.get()) = value;
  } else {
    *static_cast<float*>(output.data.get()) = float(value);
  }
  job.outputs.push_back(std::move(output));
}

template <class Number>
Tensor upload(const LossScope& scope, const std::vector<Number>& values) {
  const int64_t count = int64_t(values.size());
  const DType dtype = std::is_same_v<Number, int32_t> ? DType::kI32 : scope.backend.master_dtype();
  const Tensor device = scope.arena.allocate("loss inputs", dtype, {count});
  scope.backend.upload(device, tensor_of(values.data(), {count}));
  return device;
}

/// Rows [.., C] of an output, chosen by index, in the backend's memory.
Tensor upload_rows(const LossScope& scope, const JobOutput& output, int64_t columns,
                   std::span<const int64_t> rows) {
  const Tensor device = scope.arena.allocate("loss inputs", scope.backend.master_dtype(),
                                             {int64_t(rows.size()), columns});
  for (size_t i = 0; i < rows.size(); ++i) {
    scope.backend.upload(device.slice_rows(int64_t(i), 1),
                         output.view(rows[i] * columns, 1, columns));
  }
  return device;
}

/// Cross-entropy of chosen rows of an output, a block at a time.
LossSum class_loss_of_rows(const LossScope& scope, const JobOutput& output,
                           const std::vector<int64_t>& rows, const std::vector<int32_t>& labels) {
  LossSum total;
  for (size_t begin = 0; begin < rows.size(); begin += kLossRows) {
    const size_t count = std::min(rows.size() - begin, size_t(kLossRows));
    scope.arena.reset();
    const Tensor logits =
        upload_rows(scope, output, output.dims.back(), std::span(rows).subspan(begin, count));
    const std::vector<int32_t> block(labels.begin() + begin, labels.begin() + begin + count);
    total += model::class_loss(scope, logits, upload(scope, block), kIgnored);
  }
  return total;
}

/// Labels on tokens: only the labelled rows are looked at. With head_rows, a labelled token that
/// the head did not compute is an error.
LossSum token_loss(const LossScope& scope, const Job& job, const char* name) {
  const JobRequest& request = job.request;
  const JobOutput& output = job.output(name);
  const int64_t width = output.dims[1];
  std::vector<int64_t> rows;
  std::vector<int32_t> labels;
  int64_t labelled = 0;
  for (const int32_t label : *request.labels->classes) labelled += label != kIgnored;
  for (int64_t b = 0; b < request.batch.sequences(); ++b) {
    for (int64_t index = 0; index < head_row_count(request, b); ++index) {
      const auto token = size_t(head_row(request, b, index));
      const int32_t label = (*request.labels->classes)[token];
      if (label == kIgnored) continue;
      rows.push_back(b * width + (request.head_rows ? index : request.columns[token]));
      labels.push_back(label);
    }
  }
  if (int64_t(rows.size()) != labelled) {
    throw Error(ErrorCode::kRange,
                "labels: a labelled token is not among logits_positions; add it or label it -100");
  }
  return class_loss_of_rows(scope, output, rows, labels);
}

LossSum row_loss(const LossScope& scope, const JobOutput& output,
                 const std::vector<int32_t>& labels) {
  std::vector<int64_t> rows(labels.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = int64_t(i);
  return class_loss_of_rows(scope, output, rows, labels);
}

LossSum target_loss(const LossScope& scope, const Job& job) {
  const JobOutput& output = job.output("logits");
  const int64_t B = output.dims[0], C = output.dims[1];
  const Tensor logits = scope.arena.allocate("loss inputs", scope.backend.master_dtype(), {B, C});
  scope.backend.upload(logits, output.view(0, B, C));
  const Tensor targets = upload(scope, *job.request.labels->targets).reshaped({B, C});
  return job.request.labels->problem_type == ProblemType::kRegression
             ? model::squared_loss(scope, logits, targets)
             : model::binary_loss(scope, logits, targets);
}

/// Cross-entropy over the real positions of each row: padding takes no part.
LossSum span_position_loss(const LossScope& scope, const Job& job, const char* name,
                           const std::vector<int32_t>& positions) {
  const JobRequest& request = job.request;
  const JobOutput& output = job.output(name);
  std::vector<double> packed;
  for (int64_t b = 0; b < request.batch.sequences(); ++b) {
    for (int32_t t = request.batch.cu_seqlens[b]; t < request.batch.cu_seqlens[b + 1]; ++t) {
      const int64_t index = b * request.width + request.columns[size_t(t)];
      packed.push_back(output.dtype == DType::kF64
                           ? static_cast<const double*>(output.data.get())[index]
                           : static_cast<const float*>(output.data.get())[index]);
    }
  }
  return model::position_loss(scope, upload(scope, packed), upload(scope, request.batch.cu_seqlens),
                              upload(scope, positions), kIgnored);
}

/// (CE start + CE end) / 2 + answerability / 2, each a mean over the batch.
double span_v2_loss(const Job& job) {
  double sum = 0;
  for (const auto& [start, end, answer] : job.span_losses) {
    sum += 0.5 * (start + end) + 0.5 * answer;
  }
  return sum / double(job.span_losses.size());
}

}  // namespace

void TileRunner::add_losses(Job& job) {
  if (!job.request.labels) return;
  arena_.reset();
  const LossScope scope{executor(1), backend_, arena_};
  const Labels& labels = *job.request.labels;
  const ModelKind kind = architecture_.kind;
  if (kind == ModelKind::kPreTraining || kind == ModelKind::kMaskedLM) {
    const bool both = kind == ModelKind::kPreTraining;
    double total = 0;
    if (labels.classes) {
      total = token_loss(scope, job, both ? "prediction_logits" : "logits").mean();
      if (both) add_scalar(job, "mlm_loss", total);
    }
    if (labels.sentence_order) {
      const double order = row_loss(scope, job.output("sop_logits"), *labels.sentence_order).mean();
      add_scalar(job, "sop_loss", order);
      total += order;
    }
    add_scalar(job, "loss", total);
  } else if (kind == ModelKind::kTokenClassification && labels.classes) {
    add_scalar(job, "loss", token_loss(scope, job, "logits").mean());
  } else if (labels.classes) {
    add_scalar(job, "loss", row_loss(scope, job.output("logits"), *labels.classes).mean());
  } else if (labels.targets) {
    add_scalar(job, "loss", target_loss(scope, job).mean());
  } else if (kind == ModelKind::kQuestionAnswering && labels.start_positions) {
    const LossSum start = span_position_loss(scope, job, "start_logits", *labels.start_positions);
    const LossSum end = span_position_loss(scope, job, "end_logits", *labels.end_positions);
    add_scalar(job, "loss", (start.mean() + end.mean()) / 2);
  } else if (kind == ModelKind::kQuestionAnsweringV2 && labels.start_positions) {
    add_scalar(job, "loss", span_v2_loss(job));
  }
}

}  // namespace albert::engine
