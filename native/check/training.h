// A tiny model in training: against the reference, beside forward passes, saved and taken up again.
#pragma once

#include <cstdint>
#include <string>

namespace albert::checks {

struct TrainingReport {
  std::string isa;
  std::string dtype;
  int64_t updates = 0;
  int64_t forwards = 0;      // passes of the model that ran beside the updates
  double worst_error = 0;    // of the first losses, relative to the reference's
  double tolerance = 0;      // for that
  double first_loss = 0;     // mean of the first updates
  double last_loss = 0;      // mean of the last ones
  bool resumed_equal = true;  // whether a checkpoint was taken up to the bit
  bool learns() const { return last_loss < 0.8 * first_loss; }
  bool passed() const {
    return worst_error <= tolerance && resumed_equal && (updates < 200 || learns());
  }
};

/// Trains with dropout for so many updates while other calls compute forward passes with the
/// weights of each.
TrainingReport check_training(const std::string& isa, const std::string& dtype, int64_t updates);

}  // namespace albert::checks
