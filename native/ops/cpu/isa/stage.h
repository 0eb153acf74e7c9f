// The left side of a GEMM, where x cannot be read as it is.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

template <class FormatType>
inline int64_t whole_words(int64_t inputs) {
  constexpr int64_t kUnit = FormatType::kGroup * kWordMultiple<FormatType>;
  return (inputs + kUnit - 1) / kUnit * kUnit;
}

/// Where input i of a row is staged: rows that lie together are dealt out by kTileWords words.
template <class FormatType, int kTogether>
struct StagedRow {
  using Left = typename FormatType::Left;
  static constexpr int64_t kRun = kTileWords * FormatType::kGroup;

  Left* begin;

  StagedRow(const StageTask& t, int64_t row)
      : begin(static_cast<Left*>(t.left) + row / kTogether * kTogether * t.left_stride +
              row % kTogether * kRun) {}
  Left* at(int64_t i) const {
    return begin + (kTogether == 1 ? i : i / kRun * kTogether * kRun + i % kRun);
  }
  void fill_up(int64_t inputs) const {
    for (int64_t i = inputs; i < whole_words<FormatType>(inputs); ++i) *at(i) = Left{};
  }
};

/// Float32 or bfloat16 rows, converted to the format's; kTogether rows lie together.
template <class FormatType, int kTogether = kStagedRows<FormatType>>
inline void stage_converted(const StageTask& t) {
  with_element(t.x_element, t.x, [&](const auto* x) {
    for (int64_t row = 0; row < t.rows; ++row) {
      const StagedRow<FormatType, kTogether> staged(t, row);
      for_each_vector(t.inputs, [&](int64_t i, auto lanes) {
        copy_vector(staged.at(i), x + row * t.x_stride + i, lanes);
      });
      staged.fill_up(t.inputs);
    }
  });
}

/// How a row becomes bytes: x = scale · (q − zero_point), q in [0, kLeftLimit]. Zero is always one
/// of the values, so that padding and exact zeros stay exact.
struct Quantization {
  float scale;
  float inverse;
  int32_t zero_point;

  Quantization(float low, float high) {
    scale = (high - low) / float(kLeftLimit);
    if (!(scale >= 1e-30f)) scale = 1e-30f;  // a row of zeros
    inverse = 1.0f / scale;
    const float offset = 0.5f - low * inverse;
    zero_point = offset < 256.0f ? int32_t(offset) : 0;  // 0 for NaN, which no integer holds
  }
};

/// The range of some numbers, 0 among them.
struct Range {
  Vec low = broadcast(0.0f);
  Vec high = broadcast(0.0f);
  Vec poison = broadcast(0.0f);

  void add(Vec v) {
    low = minimum(low, v);
    high = maximum(high, v);
    poison = fma(v, broadcast(0.0f), poison);  // NaN where v is none or infinite
  }
  void add(const Range& other) {
    low = minimum(low, other.low);
    high = maximum(high, other.high);
    poison = poison + other.poison;
  }
};

template <class Element>
inline Quantization quantization_of(const Element* x, int64_t count) {
  constexpr int kChains = 4;  // the latency of a comparison
  Range ranges[kChains];
  int64_t i = 0;
  for (; i + kChains * kWidth <= count; i += kChains * kWidth) {
#pragma GCC unroll 4
    for (int c = 0; c < kChains; ++c) ranges[c].add(load(x + i + c * kWidth));
  }
  for_each_vector(count - i, [&](int64_t j, auto lanes) {
    ranges[0].add(select(lanes, load(x + i + j, lanes), broadcast(0.0f)));
  });
  for (int c = 1; c < kChains; ++c) ranges[0].add(ranges[c]);
  Quantization how(-largest_lane(broadcast(0.0f) - ranges[0].low), largest_lane(ranges[0].high));
  // Bytes hold no NaN: the scale carries it to the row's results.
  how.scale += sum_of_lanes(ranges[0].poison);
  return how;
}

/// Lanes that hold integers as floats, as bytes.
inline void store_bytes(uint8_t* p, Vec v, AllLanes) {
  store_lowest_bytes(p, (IntegerLanes)(__builtin_convertvector(v, IntVec) - kLeftBias));
}
inline void store_bytes(uint8_t* p, Vec v, const FirstLanes& lanes) {
  uint8_t all[kWidth];
  store_bytes(all, v, AllLanes{});
  __builtin_memcpy(p, all, size_t(lanes.count));
}

using QuantizedRow = StagedRow<Int8Format, kStagedRows<Int8Format>>;

template <class Element>
inline void quantize_row(const QuantizedRow& q, const Element* x, int64_t count,
                         const Quantization& how) {
  const Vec offset = broadcast(float(how.zero_point) + 0.5f), limit = broadcast(kLeftLimit);
  for_each_vector(count, [&](int64_t i, auto lanes) {
    const Vec scaled = fma(load(x + i, lanes), broadcast(how.inverse), offset);
    const Vec bounded = minimum(limit, maximum(broadcast(0.0f), scaled));
    store_bytes(q.at(i), bounded, lanes);
  });
}

inline void stage_quantized(const StageTask& t) {
  with_element(t.x_element, t.x, [&](const auto* x) {
    for (int64_t row = 0; row < t.rows; ++row) {
      const QuantizedRow staged(t, row);
      const Quantization how = quantization_of(x + row * t.x_stride, t.inputs);
      quantize_row(staged, x + row * t.x_stride, t.inputs, how);
      staged.fill_up(t.inputs);
      t.scales[row] = how.scale;
      t.zero_points[row] = how.zero_point - kLeftBias;
    }
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
