// The weights of one moment: there already, or packed when somebody first computes with them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "model/weights.h"

namespace albert::engine {

/// Training publishes versions faster than anybody looks at them: one that nobody computes with is
/// never packed. Thread-safe.
class WeightVersion {
 public:
  using Weights = std::shared_ptr<const model::AlbertWeights>;
  /// May block; throws Error{kMemory}.
  using Pack = std::function<Weights()>;

  explicit WeightVersion(Weights weights) : weights_(std::move(weights)) {}
  explicit WeightVersion(Pack pack) : pack_(std::move(pack)) {}

  /// The same weights each time. Throws what packing throws, and tries again next time.
  Weights get() {
    const std::lock_guard lock(mutex_);
    if (!weights_) weights_ = pack_();
    pack_ = nullptr;
    return weights_;
  }

 private:
  std::mutex mutex_;
  Weights weights_;
  Pack pack_;
};

}  // namespace albert::engine
