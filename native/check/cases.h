// The one list of op cases: what parity, gradient and timing run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "check/backward.h"

namespace albert::checks {

struct OpCase {
  std::string op;    // "linear": the row of the tolerance table
  std::string name;  // "linear/rows=7,inputs=13,outputs=5,gelu_tanh"
  int64_t items;     // rows or sequences whose results must not depend on each other
  /// The size of the numbers that rounding errors come from, where they are larger than the outputs
  /// (a mean that is large against the deviation); 1 elsewhere.
  double magnitude;
  /// A shape of a real model, worth timing.
  bool timed;
  /// Draws the inputs.
  std::function<Binder()> make;
  /// How far each number of the only output may be off, above 0; none = the op's tolerance.
  std::function<std::vector<double>()> allowed = {};
  /// Much work: parity looks at it where it is named or timed only, and then, forward, at some of
  /// its items.
  bool heavy = false;
  /// Of a backward op: the pair that finite differences hold it against.
  std::function<OpPair()> pair = {};
};

using CaseList = std::vector<OpCase>;

/// All cases, in the order of the ops; made once.
const CaseList& all_cases();
/// Throws Error{kNotFound}.
const OpCase& find_case(const std::string& name);

/// Adds a backward op by the pair that draws its inputs; `pair` and `make` of the case are not
/// read.
void add_pair(CaseList& cases, OpCase backward, const std::function<OpPair()>& draw);

void add_embedding_cases(CaseList& cases);
void add_linear_cases(CaseList& cases);
void add_layer_norm_cases(CaseList& cases);
void add_attention_cases(CaseList& cases);
void add_gather_rows_cases(CaseList& cases);
void add_convert_cases(CaseList& cases);
void add_activation_cases(CaseList& cases);
void add_softmax_cases(CaseList& cases);
void add_weighted_sum_cases(CaseList& cases);
void add_cross_entropy_cases(CaseList& cases);
void add_optimizer_cases(CaseList& cases);
void add_dropout_cases(CaseList& cases);
void add_linear_backward_cases(CaseList& cases);
void add_layer_norm_backward_cases(CaseList& cases);
void add_attention_backward_cases(CaseList& cases);
void add_rows_backward_cases(CaseList& cases);
void add_softmax_backward_cases(CaseList& cases);
void add_loss_backward_cases(CaseList& cases);

/// Sizes on both sides of the widths of vectors and tiles.
inline constexpr int64_t kAwkwardSizes[] = {1, 2, 3, 5, 7, 13, 17, 31, 33, 63, 65, 127};

}  // namespace albert::checks
