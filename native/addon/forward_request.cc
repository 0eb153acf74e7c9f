// JavaScript object → engine::JobRequest, field by field. What the numbers mean is checked by the
// engine.
#include "addon/forward_request.h"

#include <limits>

namespace albert::addon {

namespace {

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

engine::ProblemType read_problem_type(const Argument& field) {
  if (field.absent()) return engine::ProblemType::kSingleLabel;
  const std::string name = field.utf8();
  if (name == "single_label_classification") return engine::ProblemType::kSingleLabel;
  if (name == "multi_label_classification") return engine::ProblemType::kMultiLabel;
  if (name == "regression") return engine::ProblemType::kRegression;
  field.refuse_range(
      "\"single_label_classification\", \"multi_label_classification\" or \"regression\", got \"" +
      name + "\"");
}

engine::Labels read_labels(const Argument& object) {
  engine::Labels labels;
  const Argument main = object.field("labels");
  if (main.is_float_array()) {
    labels.targets = main.floats();
  } else if (!main.absent()) {
    labels.classes = main.int32s();
  }
  labels.problem_type = read_problem_type(object.field("problem_type"));
  labels.sentence_order = optional_field(object, "sentence_order", &Argument::int32s);
  labels.start_positions = optional_field(object, "start_positions", &Argument::int32s);
  labels.end_positions = optional_field(object, "end_positions", &Argument::int32s);
  labels.is_impossible = optional_field(object, "is_impossible", &Argument::floats);
  return labels;
}

int64_t positive_or(const Argument& field, int64_t fallback) {
  return field.absent() ? fallback : field.integer(1, kMaxInt32);
}

data::PackedBatch read_batch(const Argument& request) {
  return {.tokens = request.field("tokens").int32s(),
          .segments = request.field("segments").int32s(),
          .positions = request.field("positions").int32s(),
          .cu_seqlens = request.field("cu_seqlens").int32s()};
}

}  // namespace

engine::JobRequest read_forward_request(const Argument& request) {
  engine::JobRequest job;
  job.batch = read_batch(request);
  job.columns = request.field("columns").int32s();
  job.width = request.field("width").integer(0, kMaxInt32);
  job.hidden_states = flag(request, "hidden_states");
  job.attentions = flag(request, "attentions");
  job.float64 = flag(request, "float64");
  job.head_rows = optional_field(request, "head_rows", &Argument::int32s);
  const Argument head_cu = request.field("head_cu");
  if (!head_cu.absent()) job.head_cu = head_cu.int32s();
  job.choices = positive_or(request.field("choices"), job.choices);
  job.start_top = positive_or(request.field("start_top"), job.start_top);
  job.end_top = positive_or(request.field("end_top"), job.end_top);
  const Argument labels = request.field("labels");
  if (!labels.absent()) job.labels = read_labels(labels);
  return job;
}

}  // namespace albert::addon
