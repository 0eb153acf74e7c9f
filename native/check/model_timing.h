// Times whole models: forward passes through the engine, and training's updates.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ops/backend.h"

namespace albert::checks {

struct ModelTimingOptions {
  BackendOptions backend;
  bool quick = false;  // a tiny model and few shapes: shows that it works, on an emulator too
};

/// One workload: sequences of one length ("fixed"), or of a quarter of it to all of it ("mixed").
struct ModelTiming {
  std::string work;  // "forward" or "update"
  std::string lengths;
  std::string dtype;
  int64_t batch;
  int64_t length;  // of the longest sequence
  int64_t tokens;
  int64_t runs;
  double best_ms;
  double median_ms;
  double flops;  // of the matrix products and attention of one run

  double tokens_per_second() const { return double(tokens) / median_ms * 1e3; }
  double tflops() const { return flops / median_ms * 1e-9; }
};

using ModelReport = std::function<void(const ModelTiming&)>;

/// Forward passes at batch 1, 8, 32 × 128, 384, 512, fixed and mixed, from request to outputs in
/// host memory; then updates of pretraining with AdamW (fp32, bf16). The model is ALBERT base with
/// fresh weights. Each goes to `report` once it is timed. Throws Error.
void time_models(const ModelTimingOptions& options, const ModelReport& report);

}  // namespace albert::checks
