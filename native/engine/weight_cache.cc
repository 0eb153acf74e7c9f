// One entry per file identity; entries die with their last user.
#include "engine/weight_cache.h"

#include <map>
#include <mutex>

#include "engine/checkpoint.h"
#include "engine/config_json.h"

namespace albert::engine {

namespace {

/// Its mutex is held while the entry loads, so that two loads of one model do the work once.
struct Entry {
  std::mutex mutex;
  std::weak_ptr<const model::AlbertWeights> weights;
  std::vector<std::string> warnings;
};

struct Cache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Entry>> entries;
};

/// Never destroyed: threads may still run when static objects die.
Cache& cache() {
  static Cache& instance = *new Cache;
  return instance;
}

std::shared_ptr<Entry> entry_of(const std::string& key) {
  Cache& shared = cache();
  const std::lock_guard lock(shared.mutex);
  std::erase_if(shared.entries, [&](const auto& item) {
    return item.second.use_count() == 1 && item.second->weights.expired();
  });
  std::shared_ptr<Entry>& entry = shared.entries[key];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

std::string key_of(const LoadRequest& request, const formats::TensorSource& source,
                   const Backend& backend) {
  const std::string separator(1, '\0');
  return source.identity() + separator + request.kind + separator + request.config + separator +
         std::to_string(request.seed) + separator + backend.name() + separator + backend.dtype() +
         separator + backend.instruction_set() + separator + (backend.allows_tf32() ? "tf32" : "");
}

}  // namespace

namespace {

LoadedWeights load_from(const LoadRequest& request, const std::shared_ptr<Backend>& backend) {
  const model::Architecture architecture = {.config = parse_config(request.config),
                                            .kind = model::model_kind(request.kind)};
  if (request.path.empty()) {
    CheckpointReader reader(architecture, request.seed);
    return {.weights = model::prepare(architecture, reader, backend), .warnings = {}};
  }
  const formats::TensorSource source = formats::TensorSource::open(request.path);
  const std::shared_ptr<Entry> entry = entry_of(key_of(request, source, *backend));
  const std::lock_guard lock(entry->mutex);
  if (auto weights = entry->weights.lock()) return {std::move(weights), entry->warnings};
  CheckpointReader reader(source, architecture, request.seed);
  auto weights = model::prepare(architecture, reader, backend);
  entry->weights = weights;
  entry->warnings = reader.warnings();
  return {std::move(weights), entry->warnings};
}

}  // namespace

LoadedWeights load_weights(const LoadRequest& request) {
  LoadedWeights loaded = load_from(request, open_backend(request.backend));
  const std::string warning = take_fallback_warning();
  if (!warning.empty()) loaded.warnings.push_back(warning);
  return loaded;
}

}  // namespace albert::engine
