// The one list of op cases.
#include "check/cases.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace albert::checks {

const CaseList& all_cases() {
  static const CaseList list = [] {
    CaseList cases;
    add_embedding_cases(cases);
    add_linear_cases(cases);
    add_layer_norm_cases(cases);
    add_attention_cases(cases);
    add_gather_rows_cases(cases);
    add_convert_cases(cases);
    add_activation_cases(cases);
    add_softmax_cases(cases);
    add_weighted_sum_cases(cases);
    add_cross_entropy_cases(cases);
    add_optimizer_cases(cases);
    add_dropout_cases(cases);
    add_linear_backward_cases(cases);
    add_layer_norm_backward_cases(cases);
    add_attention_backward_cases(cases);
    add_rows_backward_cases(cases);
    add_softmax_backward_cases(cases);
    add_loss_backward_cases(cases);
    return cases;
  }();
  return list;
}

void add_pair(CaseList& cases, OpCase backward, const std::function<OpPair()>& draw) {
  backward.pair = draw;
  backward.make = [draw]() -> Binder {
    OpPair pair = draw();
    add_kept(pair, Precision::kFloat32);
    return
        [pair = std::move(pair)](Fixture& fixture) { return pair.backward(fixture, pair.arrays); };
  };
  cases.push_back(std::move(backward));
}

const OpCase& find_case(const std::string& name) {
  const CaseList& cases = all_cases();
  const auto found = std::find_if(cases.begin(), cases.end(),
                                  [&](const OpCase& each) { return each.name == name; });
  if (found != cases.end()) return *found;
  throw Error(ErrorCode::kNotFound,
              "check: no case is called \"" + name + "\"; list_cases() has their names");
}

}  // namespace albert::checks
