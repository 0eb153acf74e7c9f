// Packing of parameters for a backend, and the way back.
#include "model/weights.h"

#include "core/host_memory.h"

namespace albert::model {

namespace {

/// Moves parameters into a backend, part by part.
class Packer {
 public:
  Packer(Backend& backend, Arena& storage, ParameterReader& reader)
      : backend_(backend), storage_(storage), reader_(reader), scratch_(host_memory_) {}

  PackedLinear linear(const LinearParams& member, MatrixUse use = MatrixUse::kHead) {
    return stacked({{&member.weight, &member.bias}}, use);
  }

  /// The word embedding as a matrix, with the decoder's bias.
  PackedLinear decoder(const Tensor& word, const Tensor& bias) {
    return stacked({{&word, &bias}}, MatrixUse::kHead);
  }

  Tensor tensor(const Tensor& member) { return table(member, backend_.master_dtype()); }

  Tensor table(const Tensor& member, DType dtype) {
    const Tensor copy = allocate(storage_, member, dtype);
    if (backend_.in_host_memory() && dtype == backend_.master_dtype()) {
      reader_.read(member, copy);
      return copy;
    }
    scratch_.reset();
    backend_.upload(copy, read(member));
    return copy;
  }

  NormParams norm(const NormParams& member) { return {tensor(member.weight), tensor(member.bias)}; }

  LayerWeights layer(const LayerParams& host) {
    return {.qkv = stacked({{&host.query.weight, &host.query.bias},
                            {&host.key.weight, &host.key.bias},
                            {&host.value.weight, &host.value.bias}},
                           MatrixUse::kLayer),
            .attention_output = linear(host.attention_output, MatrixUse::kLayer),
            .attention_norm = norm(host.attention_norm),
            .ffn = linear(host.ffn, MatrixUse::kLayer),
            .ffn_output = linear(host.ffn_output, MatrixUse::kLayer),
            .full_layer_norm = norm(host.full_layer_norm)};
  }

 private:
  struct Member {
    const Tensor* weight;
    const Tensor* bias;
  };

  /// One matrix of several parts, stacked along the outputs.
  PackedLinear stacked(std::initializer_list<Member> members, MatrixUse use) {
    scratch_.reset();
    std::vector<LinearParams> parts;
    for (const Member& member : members) {
      const Tensor weight = read(*member.weight);
      parts.push_back({weight, member.bias->rank > 0 ? read(*member.bias) : Tensor{}});
    }
    return backend_.prepare(parts, use);
  }

  static Tensor allocate(Arena& arena, const Tensor& like, DType dtype) {
    return like.rank == 1 ? arena.allocate("parameters", dtype, {like.columns()})
                          : arena.allocate("parameters", dtype, {like.rows(), like.columns()});
  }

  /// In scratch, until its next reset.
  Tensor read(const Tensor& member) {
    const Tensor values = allocate(scratch_, member, backend_.master_dtype());
    reader_.read(member, values);
    return values;
  }

  Backend& backend_;
  Arena& storage_;
  ParameterReader& reader_;
  HostMemory host_memory_;
  Arena scratch_;
};

void pack_heads(Packer& pack, const AlbertParams& host, AlbertWeights& weights) {
  const Architecture& architecture = weights.architecture;
  if (architecture.has_pooler()) weights.pooler = pack.linear(host.pooler);
  if (architecture.has_masked_lm()) {
    weights.masked_lm = {.dense = pack.linear(host.masked_lm.dense),
                         .norm = pack.norm(host.masked_lm.norm),
                         .bias = pack.tensor(host.masked_lm.bias),
                         .decoder = pack.decoder(host.embeddings.word, host.masked_lm.bias)};
  }
  if (architecture.kind == ModelKind::kPreTraining) {
    weights.sentence_order = pack.linear(host.sentence_order);
  }
  if (architecture.classifier_labels()) weights.classifier = pack.linear(host.classifier);
  if (architecture.kind == ModelKind::kQuestionAnswering) {
    weights.qa_outputs = pack.linear(host.qa_outputs);
  }
  if (architecture.kind == ModelKind::kQuestionAnsweringV2) {
    weights.span_v2 = {.start = pack.linear(host.span_v2.start),
                       .end_hidden = pack.linear(host.span_v2.end_hidden),
                       .end_norm = pack.norm(host.span_v2.end_norm),
                       .end = pack.linear(host.span_v2.end),
                       .answer_hidden = pack.linear(host.span_v2.answer_hidden),
                       .answer = pack.linear(host.span_v2.answer)};
  }
}

void unpack_layer(Backend& backend, const LayerWeights& weights, const LayerParams& host) {
  const int64_t H = host.query.weight.rows();
  weights.qkv->unpack(host.query, 0);
  weights.qkv->unpack(host.key, H);
  weights.qkv->unpack(host.value, 2 * H);
  weights.attention_output->unpack(host.attention_output, 0);
  weights.ffn->unpack(host.ffn, 0);
  weights.ffn_output->unpack(host.ffn_output, 0);
  backend.download(host.attention_norm.weight, weights.attention_norm.weight);
  backend.download(host.attention_norm.bias, weights.attention_norm.bias);
  backend.download(host.full_layer_norm.weight, weights.full_layer_norm.weight);
  backend.download(host.full_layer_norm.bias, weights.full_layer_norm.bias);
}

void unpack_heads(const AlbertWeights& weights, const AlbertParams& host) {
  Backend& backend = *weights.backend;
  const auto linear = [](const PackedLinear& packed, const LinearParams& params) {
    if (packed) packed->unpack(params, 0);
  };
  linear(weights.pooler, host.pooler);
  linear(weights.sentence_order, host.sentence_order);
  linear(weights.classifier, host.classifier);
  linear(weights.qa_outputs, host.qa_outputs);
  linear(weights.masked_lm.dense, host.masked_lm.dense);
  linear(weights.span_v2.start, host.span_v2.start);
  linear(weights.span_v2.end_hidden, host.span_v2.end_hidden);
  linear(weights.span_v2.end, host.span_v2.end);
  linear(weights.span_v2.answer_hidden, host.span_v2.answer_hidden);
  linear(weights.span_v2.answer, host.span_v2.answer);
  if (weights.masked_lm.decoder) {
    backend.download(host.masked_lm.norm.weight, weights.masked_lm.norm.weight);
    backend.download(host.masked_lm.norm.bias, weights.masked_lm.norm.bias);
    backend.download(host.masked_lm.bias, weights.masked_lm.bias);
  }
  if (weights.span_v2.start) {
    backend.download(host.span_v2.end_norm.weight, weights.span_v2.end_norm.weight);
    backend.download(host.span_v2.end_norm.bias, weights.span_v2.end_norm.bias);
  }
}

}  // namespace

AlbertWeights::AlbertWeights(const Architecture& model_architecture,
                             std::shared_ptr<Backend> model_backend)
    : architecture(model_architecture), backend(std::move(model_backend)), storage(*backend) {}

std::shared_ptr<const AlbertWeights> prepare(const Architecture& architecture,
                                             ParameterReader& reader,
                                             std::shared_ptr<Backend> backend) {
  auto weights = std::make_shared<AlbertWeights>(architecture, std::move(backend));
  Packer pack(*weights->backend, weights->storage, reader);
  const AlbertParams& host = reader.shapes();
  weights->embeddings = {.word = pack.table(host.embeddings.word, weights->backend->table_dtype()),
                         .segment = pack.tensor(host.embeddings.segment),
                         .position = pack.tensor(host.embeddings.position),
                         .norm = pack.norm(host.embeddings.norm)};
  weights->mapping = pack.linear(host.mapping);
  for (const LayerParams& layer : host.layers) weights->layers.push_back(pack.layer(layer));
  pack_heads(pack, host, *weights);
  return weights;
}

void unpack(const AlbertWeights& weights, AlbertParams& host) {
  Backend& backend = *weights.backend;
  backend.download(host.embeddings.word, weights.embeddings.word);
  backend.download(host.embeddings.segment, weights.embeddings.segment);
  backend.download(host.embeddings.position, weights.embeddings.position);
  backend.download(host.embeddings.norm.weight, weights.embeddings.norm.weight);
  backend.download(host.embeddings.norm.bias, weights.embeddings.norm.bias);
  weights.mapping->unpack(host.mapping, 0);
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    unpack_layer(backend, weights.layers[i], host.layers[i]);
  }
  unpack_heads(weights, host);
}

std::vector<BillItem> AlbertWeights::bill() const {
  const auto bytes = [](std::initializer_list<const PackedLinear*> matrices) {
    size_t total = 0;
    for (const PackedLinear* matrix : matrices) total += *matrix ? (*matrix)->bytes() : 0;
    return total;
  };
  size_t layer_bytes = bytes({&mapping});
  for (const LayerWeights& layer : layers) {
    layer_bytes += bytes({&layer.qkv, &layer.attention_output, &layer.ffn, &layer.ffn_output});
  }
  const size_t head_bytes = bytes({&pooler, &masked_lm.dense, &masked_lm.decoder, &sentence_order,
                                   &classifier, &qa_outputs, &span_v2.start, &span_v2.end_hidden,
                                   &span_v2.end, &span_v2.answer_hidden, &span_v2.answer});
  return {{"weights: tables and norms", storage.capacity()},
          {"weights: mapping and layers", layer_bytes},
          {"weights: heads", head_bytes}};
}

}  // namespace albert::model
