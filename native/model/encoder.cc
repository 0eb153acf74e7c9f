// The loop over passes.
#include "model/encoder.h"

#include "model/embeddings.h"
#include "model/layer.h"

namespace albert::model {

bool encoder_forward(Ops& ops, const AlbertWeights& w, const EncoderActivations& a,
                     const Batch& batch, PassObserver& observer) {
  const Architecture& architecture = w.architecture;
  const Config& config = architecture.config;
  embeddings_forward(ops, w, a.embeddings, batch, a.hidden);
  if (!observer.on_hidden(0, a.hidden)) return false;
  const int64_t blocks = config.num_hidden_layers * config.inner_group_num;
  int64_t block = 0;
  for (int64_t pass = 0; pass < config.num_hidden_layers; ++pass) {
    const int64_t first = architecture.first_layer(pass);
    for (int64_t inner = 0; inner < config.inner_group_num; ++inner, ++block) {
      const LayerActivations& layer = block + 1 < blocks ? a.layer : a.last_layer;
      layer_forward(ops, w.layers[size_t(first + inner)], layer, batch, config);
      if (a.layer.probabilities) observer.on_attention(block, a.layer.probabilities);
    }
    const bool last = pass + 1 == config.num_hidden_layers;
    if (last && a.output.data != a.last.data) ops.convert_forward({.y = a.output, .x = a.last});
    if (!observer.on_hidden(pass + 1, last ? a.output : a.hidden)) return false;
  }
  return true;
}

}  // namespace albert::model
