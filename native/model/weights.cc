// Packing of parameters for a backend, and the way back.
#include "model/weights.h"

#include "core/host_memory.h"
#include "core/memory_bill.h"

namespace albert::model {

namespace {

/// Moves parameters into a backend, part by part: into new memory, or into what is there already.
class Packer {
 public:
  Packer(AlbertWeights& weights, ParameterReader& reader, Ops* ops)
      : backend_(*weights.backend),
        ops_(ops),
        storage_(weights.storage),
        reader_(reader),
        scratch_(host_memory_) {}

  void linear(PackedLinear& packed, const LinearParams& member, MatrixUse use = MatrixUse::kHead) {
    stacked(packed, {{&member.weight, &member.bias}}, use);
  }

  /// The word embedding as a matrix, with the decoder's bias.
  void decoder(PackedLinear& packed, const Tensor& word, const Tensor& bias) {
    stacked(packed, {{&word, &bias}}, MatrixUse::kHead);
  }

  void tensor(Tensor& copy, const Tensor& member) { table(copy, member, backend_.master_dtype()); }

  void table(Tensor& copy, const Tensor& member, DType dtype) {
    if (!copy) copy = allocate(storage_, member, dtype);
    if (const Tensor own = in_own_memory(member)) {
      ops_->convert_forward({.y = as_rows(copy), .x = as_rows(own)});
      return;
    }
    if (backend_.in_host_memory() && dtype == backend_.master_dtype()) {
      reader_.read(member, copy);
      return;
    }
    scratch_.reset();
    backend_.upload(copy, read(member));
  }

  void norm(NormParams& copy, const NormParams& member) {
    tensor(copy.weight, member.weight);
    tensor(copy.bias, member.bias);
  }

  void layer(LayerWeights& packed, const LayerParams& host) {
    stacked(packed.qkv,
            {{&host.query.weight, &host.query.bias},
             {&host.key.weight, &host.key.bias},
             {&host.value.weight, &host.value.bias}},
            MatrixUse::kLayer);
    linear(packed.attention_output, host.attention_output, MatrixUse::kLayer);
    norm(packed.attention_norm, host.attention_norm);
    linear(packed.ffn, host.ffn, MatrixUse::kLayer);
    linear(packed.ffn_output, host.ffn_output, MatrixUse::kLayer);
    norm(packed.full_layer_norm, host.full_layer_norm);
  }

 private:
  struct Member {
    const Tensor* weight;
    const Tensor* bias;
  };

  /// One matrix of several parts, stacked along the outputs.
  void stacked(PackedLinear& packed, std::initializer_list<Member> members, MatrixUse use) {
    scratch_.reset();
    std::vector<LinearParams> parts;
    const bool within = packed && in_own_memory(*(*members.begin()).weight);
    const auto take = [&](const Tensor& member) {
      return within ? in_own_memory(member) : read(member);
    };
    for (const Member& member : members) {
      const Tensor weight = take(*member.weight);
      parts.push_back({weight, member.bias->rank > 0 ? take(*member.bias) : Tensor{}});
    }
    if (within) {
      packed->repack_within(*ops_, parts);
    } else if (packed) {
      packed->repack(parts);
    } else {
      packed = backend_.prepare(parts, use);
    }
  }

  Tensor in_own_memory(const Tensor& member) {
    return ops_ ? reader_.in_memory_of(backend_, member) : Tensor{};
  }

  static Tensor as_rows(const Tensor& tensor) {
    return tensor.rank == 1 ? tensor.reshaped({1, tensor.size()}) : tensor;
  }

  static Tensor allocate(Arena& arena, const Tensor& like, DType dtype) {
    return like.rank == 1 ? arena.allocate("parameters", dtype, {like.columns()})
                          : arena.allocate("parameters", dtype, {like.rows(), like.columns()});
  }

  /// Where it lies, or in scratch until its next reset.
  Tensor read(const Tensor& member) {
    if (const Tensor in_place = reader_.in_host_memory(member)) return in_place;
    const Tensor values = allocate(scratch_, member, backend_.master_dtype());
    reader_.read(member, values);
    return values;
  }

  Backend& backend_;
  Ops* const ops_;
  Arena& storage_;
  ParameterReader& reader_;
  HostMemory host_memory_;
  Arena scratch_;
};

void pack_heads(Packer& pack, const AlbertParams& host, AlbertWeights& weights) {
  const Architecture& architecture = weights.architecture;
  if (architecture.has_pooler()) pack.linear(weights.pooler, host.pooler);
  if (architecture.has_masked_lm()) {
    pack.linear(weights.masked_lm.dense, host.masked_lm.dense);
    pack.norm(weights.masked_lm.norm, host.masked_lm.norm);
    pack.tensor(weights.masked_lm.bias, host.masked_lm.bias);
    pack.decoder(weights.masked_lm.decoder, host.embeddings.word, host.masked_lm.bias);
  }
  if (architecture.kind == ModelKind::kPreTraining) {
    pack.linear(weights.sentence_order, host.sentence_order);
  }
  if (architecture.classifier_labels()) pack.linear(weights.classifier, host.classifier);
  if (architecture.kind == ModelKind::kQuestionAnswering) {
    pack.linear(weights.qa_outputs, host.qa_outputs);
  }
  if (architecture.kind == ModelKind::kQuestionAnsweringV2) {
    pack.linear(weights.span_v2.start, host.span_v2.start);
    pack.linear(weights.span_v2.end_hidden, host.span_v2.end_hidden);
    pack.norm(weights.span_v2.end_norm, host.span_v2.end_norm);
    pack.linear(weights.span_v2.end, host.span_v2.end);
    pack.linear(weights.span_v2.answer_hidden, host.span_v2.answer_hidden);
    pack.linear(weights.span_v2.answer, host.span_v2.answer);
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

void repack(AlbertWeights& weights, ParameterReader& reader, Ops* ops) {
  Packer pack(weights, reader, ops);
  const AlbertParams& host = reader.shapes();
  pack.table(weights.embeddings.word, host.embeddings.word, weights.backend->table_dtype());
  pack.tensor(weights.embeddings.segment, host.embeddings.segment);
  pack.tensor(weights.embeddings.position, host.embeddings.position);
  pack.norm(weights.embeddings.norm, host.embeddings.norm);
  pack.linear(weights.mapping, host.mapping);
  weights.layers.resize(host.layers.size());
  for (size_t i = 0; i < host.layers.size(); ++i) pack.layer(weights.layers[i], host.layers[i]);
  pack_heads(pack, host, weights);
}

namespace {

/// Reads nothing: shapes are all that a planner looks at.
class ShapeReader final : public ParameterReader {
 public:
  explicit ShapeReader(const AlbertParams& shapes) : shapes_(shapes) {}
  const AlbertParams& shapes() const override { return shapes_; }
  void read(const Tensor&, const Tensor&) override {}
  Tensor in_host_memory(const Tensor& member) override {
    static std::byte nowhere;
    Tensor tensor = member;
    tensor.data = &nowhere;
    return tensor;
  }

 private:
  const AlbertParams& shapes_;
};

}  // namespace

std::vector<BillItem> planned_bill(const Architecture& architecture, const AlbertParams& shapes,
                                   const std::shared_ptr<Backend>& planner) {
  ShapeReader reader(shapes);
  AlbertWeights planned(architecture, planner);
  repack(planned, reader, nullptr);
  return planned.bill();
}

std::shared_ptr<AlbertWeights> prepare(const Architecture& architecture, ParameterReader& reader,
                                       std::shared_ptr<Backend> backend) {
  if (const std::shared_ptr<Backend> planner = backend->planner()) {
    require_room({.what = "the weights",
                  .bill = planned_bill(architecture, reader.shapes(), planner),
                  .held = 0,
                  .free = backend->free_memory(),
                  .device = backend->name()});
  }
  auto weights = std::make_shared<AlbertWeights>(architecture, std::move(backend));
  repack(*weights, reader, nullptr);
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
