// The intermediate results of a forward pass, and the batch it reads.
#pragma once

#include <vector>

#include "core/arena.h"
#include "model/config.h"
#include "ops/backend.h"
#include "ops/dropout.h"

namespace albert::model {

/// The rows that somebody reads after the last pass; the others are not computed there.
struct RowSelection {
  Tensor rows;         // (K) i32, ascending; none = all T rows
  Tensor cu_seqlens;   // (B + 1) i32: selected rows [c[b], c[b + 1]) belong to sequence b
  RowOrigins origins;  // (K); training only
};

/// A packed batch in the backend's memory.
struct Batch {
  Tensor tokens;      // (T) i32
  Tensor segments;    // (T) i32
  Tensor positions;   // (T) i32
  Tensor cu_seqlens;  // (B + 1) i32
  RowSelection selection;
  Tensor first_rows;         // (B) i32: the row of each sequence's [CLS] in the encoder's output
  RowOrigins origins;        // (T); training only
  RowOrigins first_origins;  // (B): of the [CLS] rows; training only

  int64_t size() const { return tokens.columns(); }           // T
  int64_t sequences() const { return first_rows.columns(); }  // B
};

/// What a norm keeps for backward; none in inference.
struct NormStatistics {
  Tensor mean;  // (R)
  Tensor rstd;  // (R)
};

struct EmbeddingActivations {
  Tensor sum;                 // (T, E)
  NormStatistics statistics;  // (T)
  Tensor normed;              // (T, E), dropped out where there is dropout
  Dropout dropout;
};

/// Which elements one application of the layer drops; none in inference.
struct LayerDropout {
  Dropout probabilities;
  Dropout projection;
  Dropout ffn_output;
};

/// What one application of the layer computes. Inference keeps one of these for all passes. With
/// `selected`, everything behind the keys and values is computed for the batch's selection only.
struct LayerActivations {
  Tensor hidden;                   // (T, H): input
  Tensor qkv;                      // (T, 3H)
  Tensor context;                  // (T, H)
  Tensor log_sum_exp;              // (T, A); none in inference
  Tensor projection;               // (T, H)
  NormStatistics attention_norm;   // (T)
  Tensor attended;                 // (T, H): after attention, residual and norm
  Tensor preactivation;            // (T, F); none in inference
  Tensor intermediate;             // (T, F)
  Tensor ffn_output;               // (T, H)
  NormStatistics full_layer_norm;  // (T)
  Tensor output;                   // (T, H), or (K, H) selected; may be hidden's or selected's
  Tensor probabilities;            // flat; none unless attentions were asked for
  Tensor queries;                  // (K, H): selected rows of qkv; none = all
  Tensor selected;                 // (K, H): selected rows of hidden; none = all
  LayerDropout dropout;
};

/// What backward finds when it comes: every application's activations, or its input alone, from
/// which it computes the others again, to the same bits.
enum class Keep : uint8_t { kAll, kInputs };

struct EncoderActivations {
  EmbeddingActivations embeddings;
  std::vector<LayerActivations> blocks;  // by application; they share what is not kept
  Keep keep = Keep::kAll;
  Tensor output;  // last() in the master dtype: what the heads read

  /// The mapped embeddings (T, H), which inference overwrites.
  const Tensor& hidden() const { return blocks.front().hidden; }
  /// (K, H) selected, else (T, H): the output of the last pass.
  const Tensor& last() const { return blocks.back().output; }
};

struct MaskedLMActivations {
  Tensor rows;                // (M, H)
  Tensor preactivation;       // (M, E); none in inference
  Tensor transform;           // (M, E)
  NormStatistics statistics;  // (M)
  Tensor normed;              // (M, E)
  Tensor logits;              // (M, V)
};

struct PoolerActivations {
  Tensor first;          // (B, H)
  Tensor preactivation;  // (B, H); none in inference
  Tensor pooled;         // (B, H)
};

struct SpanV2Activations {
  Tensor candidates;            // (C, H): rows that may hold an answer; the left half of end_input
  Tensor start_logits;          // (C, 1)
  Tensor start_log_probs;       // (C)
  Tensor start_probs;           // (C)
  Tensor answer_input;          // (B, 2H): [start feature ; CLS]
  Tensor answer_preactivation;  // (B, H); none in inference
  Tensor answer_hidden;         // (B, H), dropped out where there is dropout
  Tensor answer_logits;         // (B, 1)
  Tensor end_input;             // (C, 2H): [candidate ; start]
  Tensor end_preactivation;     // (C, H); none in inference
  Tensor end_hidden;            // (C, H)
  NormStatistics end_norm;      // (C)
  Tensor end_normed;            // (C, H)
  Tensor end_logits;            // (C, 1)
  Tensor end_log_probs;         // (C)
  Dropout answer_dropout;
};

/// Allocates the activations of inference in one arena: a layer's in the backend's activation
/// dtype, but what is added to a residual next, the embeddings' and the heads' in its master dtype.
class ActivationAllocator {
 public:
  ActivationAllocator(Arena& arena, const Backend& backend, const Config& config)
      : arena_(arena),
        dtype_(backend.activation_dtype()),
        master_(backend.master_dtype()),
        config_(config) {}

  /// `probabilities`: length of the flat attention output, 0 = not wanted. `selected`: rows that
  /// the last pass computes, 0 = all.
  EncoderActivations encoder(int64_t tokens, int64_t probabilities, int64_t selected) const;
  PoolerActivations pooler(int64_t sequences) const;
  MaskedLMActivations masked_lm(int64_t rows) const;
  SpanV2Activations span_v2(int64_t candidates, int64_t sequences) const;
  /// A matrix of the master dtype.
  Tensor matrix(const char* name, int64_t rows, int64_t columns) const {
    return arena_.allocate(name, master_, {rows, columns});
  }

 private:
  Tensor layer_matrix(const char* name, int64_t rows, int64_t columns) const {
    return arena_.allocate(name, dtype_, {rows, columns});
  }
  LayerActivations layer(int64_t tokens, int64_t probabilities) const;
  /// The same buffers, cut to `rows` behind the keys and values.
  LayerActivations select(const LayerActivations& all, int64_t rows) const;

  Arena& arena_;
  DType dtype_;
  DType master_;
  const Config& config_;
};

}  // namespace albert::model
