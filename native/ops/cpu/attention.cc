// Attention: the work is one head of one sequence and some of its query rows.
#include <algorithm>
#include <cmath>

#include "ops/cpu/executor.h"

namespace albert::cpu {

namespace {

/// Each item packs its head's keys and values again: a head is cut only where there are too few of
/// them for the threads, and never below this many query rows.
constexpr int64_t kItemsPerThread = 4;
constexpr int64_t kFewestQueries = 48;

int64_t length(const Tensor& cu_seqlens, int64_t sequence) {
  const int32_t* offsets = cu_seqlens.as<int32_t>();
  return offsets[sequence + 1] - offsets[sequence];
}

/// A row's columns from `column` on.
void* head_of(const Tensor& tensor, int64_t row, int64_t column) {
  return static_cast<char*>(row_of(tensor, row)) + column * size_of(element_of(tensor));
}

}  // namespace

void CpuOps::list_attention_items(const AttentionForward& op) {
  attention_items_.clear();
  const int64_t heads = (op.cu_seqlens.size() - 1) * op.heads;
  const int64_t wanted = heads == 0 ? 1 : (kItemsPerThread * width_ + heads - 1) / heads;
  int64_t probabilities = 0;
  for (int64_t sequence = 0; sequence + 1 < op.cu_seqlens.size(); ++sequence) {
    const int64_t queries = length(op.query_cu_seqlens, sequence);
    const int64_t keys = length(op.cu_seqlens, sequence);
    const int64_t first = op.query_cu_seqlens.as<int32_t>()[sequence];
    const int64_t most = std::max<int64_t>(queries / kFewestQueries, 1);
    const int64_t parts = width_ == 1 || queries == 0 ? 1 : std::min(wanted, most);
    for (int64_t head = 0; head < op.heads; ++head) {
      for (int64_t part = 0; part < parts; ++part) {
        const int64_t begin = queries * part / parts, end = queries * (part + 1) / parts;
        attention_items_.push_back({.sequence = sequence,
                                    .head = head,
                                    .query_begin = first + begin,
                                    .query_count = end - begin,
                                    .probabilities = probabilities + begin * keys});
      }
      probabilities += queries * keys;
    }
  }
}

AttentionTask CpuOps::attention_task(const AttentionForward& op, const AttentionItem& item) const {
  const int64_t head_size = op.context.columns() / op.heads, column = item.head * head_size;
  const int64_t key_begin = op.cu_seqlens.as<int32_t>()[item.sequence];
  AttentionTask task = {.queries = head_of(op.queries, item.query_begin, column),
                        .query_stride = op.queries.row_stride,
                        .keys = head_of(op.keys, key_begin, column),
                        .key_stride = op.keys.row_stride,
                        .values = head_of(op.values, key_begin, column),
                        .value_stride = op.values.row_stride,
                        .context = head_of(op.context, item.query_begin, column),
                        .context_stride = op.context.row_stride,
                        .element = element_of(op.queries),
                        .log_sum_exp = nullptr,
                        .log_sum_exp_stride = op.log_sum_exp.row_stride,
                        .probabilities = nullptr,
                        .query_count = item.query_count,
                        .key_count = length(op.cu_seqlens, item.sequence),
                        .head_size = head_size,
                        .scale = float(1.0 / std::sqrt(double(head_size))),
                        .dropout = mask_of(op.dropout, item.query_begin),
                        .head = uint32_t(item.head),
                        .scratch = nullptr};
  if (op.log_sum_exp) task.log_sum_exp = op.log_sum_exp.row<float>(item.query_begin) + item.head;
  if (op.probabilities) task.probabilities = op.probabilities.as<float>() + item.probabilities;
  return task;
}

void CpuOps::run(const AttentionForward& op) {
  list_attention_items(op);
  int64_t floats = 0;
  for (const AttentionItem& item : attention_items_) {
    const int64_t keys = length(op.cu_seqlens, item.sequence);
    floats = std::max(floats, kernels_.attention_scratch(keys, op.context.columns() / op.heads));
  }
  const Items items = {
      .count = int64_t(attention_items_.size()), .threads = width_, .floats = size_t(floats)};
  for_items(items, [&](int64_t i, float* scratch) {
    AttentionTask task = attention_task(op, attention_items_[size_t(i)]);
    task.scratch = scratch;
    kernels_.attention(task);
  });
}

namespace {

AttentionBackwardTask backward_task(const AttentionBackward& op, int64_t sequence, int64_t head) {
  const int64_t head_size = op.queries.columns() / op.heads, column = head * head_size;
  const int64_t key = op.cu_seqlens.as<int32_t>()[sequence];
  const int64_t query = op.query_cu_seqlens.as<int32_t>()[sequence];
  return {.dqueries = head_of(op.dqueries, query, column),
          .dquery_stride = op.dqueries.row_stride,
          .dkeys = head_of(op.dkeys, key, column),
          .dkey_stride = op.dkeys.row_stride,
          .dvalues = head_of(op.dvalues, key, column),
          .dvalue_stride = op.dvalues.row_stride,
          .dcontext = head_of(op.dcontext, query, column),
          .dcontext_stride = op.dcontext.row_stride,
          .context = head_of(op.context, query, column),
          .context_stride = op.context.row_stride,
          .queries = head_of(op.queries, query, column),
          .query_stride = op.queries.row_stride,
          .keys = head_of(op.keys, key, column),
          .key_stride = op.keys.row_stride,
          .values = head_of(op.values, key, column),
          .value_stride = op.values.row_stride,
          .element = element_of(op.queries),
          .log_sum_exp = op.log_sum_exp.row<float>(query) + head,
          .log_sum_exp_stride = op.log_sum_exp.row_stride,
          .query_count = length(op.query_cu_seqlens, sequence),
          .key_count = length(op.cu_seqlens, sequence),
          .head_size = head_size,
          .scale = float(1.0 / std::sqrt(double(head_size))),
          .dropout = mask_of(op.dropout, query),
          .head = uint32_t(head),
          .scratch = nullptr};
}

}  // namespace

void CpuOps::run(const AttentionBackward& op) {
  const int64_t sequences = op.cu_seqlens.size() - 1;
  int64_t longest = 0;
  for (int64_t b = 0; b < sequences; ++b) longest = std::max(longest, length(op.cu_seqlens, b));
  const int64_t head_size = op.queries.columns() / op.heads;
  const int64_t floats = kernels_.training.attention_backward_scratch(longest, head_size);
  const Items items = {.count = sequences * op.heads, .threads = width_, .floats = size_t(floats)};
  for_items(items, [&](int64_t i, float* scratch) {
    AttentionBackwardTask task = backward_task(op, i / op.heads, i % op.heads);
    task.scratch = scratch;
    kernels_.training.attention_backward(task);
  });
}

}  // namespace albert::cpu
