// The loop over passes, and the same loop backwards.
#include "model/encoder.h"

namespace albert::model {

bool encoder_forward(Ops& ops, const AlbertWeights& w, const EncoderActivations& a,
                     const Batch& batch, PassObserver& observer) {
  const Architecture& architecture = w.architecture;
  const Config& config = architecture.config;
  embeddings_forward(ops, w, a.embeddings, batch, a.hidden());
  if (!observer.on_hidden(0, a.hidden())) return false;
  int64_t block = 0;
  for (int64_t pass = 0; pass < config.num_hidden_layers; ++pass) {
    for (int64_t inner = 0; inner < config.inner_group_num; ++inner, ++block) {
      const LayerWeights& layer = w.layers[size_t(architecture.layer_of(block))];
      const LayerActivations& activations = a.blocks[size_t(block)];
      ops.replay([&] { layer_forward(ops, {layer, activations, batch, config}); });
      if (activations.probabilities) observer.on_attention(block, activations.probabilities);
    }
    const bool last = pass + 1 == config.num_hidden_layers;
    if (last && a.output.data != a.last().data) {
      ops.convert_forward({.y = a.output, .x = a.last()});
    }
    if (!observer.on_hidden(pass + 1, last ? a.output : a.blocks[size_t(block - 1)].output)) {
      return false;
    }
  }
  return true;
}

void encoder_backward(const BackwardScope& scope, const EncoderActivations& a, const Batch& batch,
                      const EncoderGradients& d) {
  const Architecture& architecture = scope.w.architecture;
  const int64_t last = architecture.applications() - 1;
  if (d.heads.data != d.last_layer.output.data) {
    scope.ops.convert_forward({.y = d.last_layer.output, .x = d.heads});
  }
  for (int64_t block = last; block >= 0; --block) {
    const auto layer = size_t(architecture.layer_of(block));
    const LayerStep step{scope.w.layers[layer], a.blocks[size_t(block)], batch,
                         architecture.config};
    // The last application's activations are those that the shared buffers hold from forward.
    if (a.keep == Keep::kInputs && block != last) layer_forward(scope.ops, step);
    layer_backward(scope.ops, step, scope.dw.layers[layer], block == last ? d.last_layer : d.layer);
  }
  embeddings_backward(scope, a.embeddings, batch, d.embeddings);
}

}  // namespace albert::model
