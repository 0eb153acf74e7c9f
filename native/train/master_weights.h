// The weights that training changes, and what others compute with meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "model/weights.h"

namespace albert::train {

/// Thread-safe: whoever packs waits for an update that runs, and the next update for who packs.
class MasterWeights {
 public:
  /// Copies the weights, exactly, to the master dtype of `backend`. Throws Error{kMemory}.
  MasterWeights(const model::AlbertWeights& initial, std::shared_ptr<Backend> backend);

  const model::Architecture& architecture() const { return architecture_; }
  Backend& backend() const { return *backend_; }

  /// Their memory: the contents may be used within read() and update() only.
  model::AlbertParams& params() { return params_; }

  /// Runs `change`, which says whether it changed anything, while nobody packs.
  void update(const std::function<bool()>& change);
  /// Runs `look` while nobody changes anything.
  void read(const std::function<void()>& look) const;

  /// As a backend computes with them.
  std::shared_ptr<model::AlbertWeights> packed(const std::shared_ptr<Backend>& backend) const;
  /// Brings packed weights, which nobody else holds, up to date, in the order of an executor's ops;
  /// `version` is what they are of.
  void repack(model::AlbertWeights& packed, int64_t& version, Ops& ops) const;

  std::vector<BillItem> bill() const { return arena_.bill(); }

 private:
  const model::Architecture architecture_;
  const std::shared_ptr<Backend> backend_;
  Arena arena_;
  model::AlbertParams params_;
  mutable std::shared_mutex mutex_;  // params_, version_
  int64_t version_ = 0;              // how often they changed
};

}  // namespace albert::train
