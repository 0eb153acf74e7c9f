// The SQuAD-v2 head of the original code: where an answer starts, where it ends given its start,
// and whether there is one.
#pragma once

#include "model/activations.h"
#include "model/backward.h"

namespace albert::model {

/// The rows that may hold an answer. Rows that may not are left out, which equals the original's
/// −1e30 in front of the softmax.
struct SpanCandidates {
  Tensor rows;        // (C) i32: rows of hidden
  Tensor cu_seqlens;  // (B + 1) i32: candidates [c[b], c[b + 1]) belong to sequence b
  Tensor first_rows;  // (B) i32: the row of hidden that is each sequence's [CLS]
};

/// start_log_probs = log_softmax(x · w) over each sequence's candidates;
/// answer_logits = tanh([Σ softmax · x ; x_CLS] · W + b) · a  (high = unanswerable).
/// Fills a.candidates, a.start_* and a.answer_*.
void span_v2_start_forward(Ops& ops, const AlbertWeights& w, const SpanV2Activations& a,
                           const Tensor& hidden, const SpanCandidates& candidates);

/// end_log_probs = log_softmax(LayerNorm(tanh([x ; x_start] · W0 + b0)) · w1 + b1) over each
/// sequence's candidates. start_of_row: (C) i32, for each candidate the candidate that starts the
/// answer in its sequence. Reads a.candidates, fills a.end_*.
void span_v2_end_forward(Ops& ops, const AlbertWeights& w, const SpanV2Activations& a,
                         const Tensor& cu_seqlens, const Tensor& start_of_row);

/// What the head was asked in training.
struct SpanV2Labels {
  SpanCandidates candidates;
  Tensor start_of_row;  // (C) i32, as span_v2_end_forward reads it
};

struct SpanV2Gradients {
  Tensor start_logits;   // (C, 1): given
  Tensor end_logits;     // (C, 1): given
  Tensor answer_logits;  // (B, 1): given
  Tensor start_probs;    // (C)
  Tensor candidates;     // (C, H)
  Tensor answer_input;   // (B, 2H)
  Tensor answer_hidden;  // (B, H)
  Tensor end_input;      // (C, 2H)
  Tensor end_hidden;     // (C, H): of end_normed, then of end_hidden
  Tensor hidden;         // (R, H): added to
};

/// From the three logits to the rows of d.hidden.
void span_v2_backward(const BackwardScope& scope, const SpanV2Activations& a,
                      const SpanV2Labels& labels, const SpanV2Gradients& d);

}  // namespace albert::model
