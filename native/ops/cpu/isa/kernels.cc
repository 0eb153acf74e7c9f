// Compiled once per instruction set, with its flags, its name as ALBERT_ISA, and its vectors'
// (portable, avx2, avx512, neon) as ALBERT_VECTOR.
//
// Nothing here may leave an inline function for the linker to share with other objects: no standard
// library beyond <cstdint> and <cstddef>, and every definition lives in an unnamed namespace.
// clang-format off: it takes the path for a division, and each header needs the ones above it
#define ALBERT_QUOTED(text) #text
#define ALBERT_NAME_OF(set) ALBERT_QUOTED(set)
#define ALBERT_VECTOR_HEADER_OF(set) ALBERT_QUOTED(ops/cpu/isa/vector_##set.h)
#define ALBERT_VECTOR_HEADER(set) ALBERT_VECTOR_HEADER_OF(set)

#include ALBERT_VECTOR_HEADER(ALBERT_VECTOR)
#include "ops/cpu/isa/vector_loop.h"
#include "ops/cpu/isa/elements.h"
#include "ops/cpu/isa/dot.h"
#include "ops/cpu/isa/formats.h"
#include "ops/cpu/isa/stage.h"
#include "ops/cpu/isa/vector_math.h"
#include "ops/cpu/isa/philox.h"
#include "ops/cpu/isa/register_tile.h"
#include "ops/cpu/isa/amx_tile.h"
#include "ops/cpu/isa/gemm.h"
#include "ops/cpu/isa/softmax.h"
#include "ops/cpu/isa/attention.h"
#include "ops/cpu/isa/normalization.h"
#include "ops/cpu/isa/elementwise.h"
#include "ops/cpu/isa/panels.h"
#include "ops/cpu/isa/slopes.h"
#include "ops/cpu/isa/attention_backward_scratch.h"
#include "ops/cpu/isa/attention_backward.h"
#include "ops/cpu/isa/normalization_backward.h"
#include "ops/cpu/isa/elementwise_backward.h"
#include "ops/cpu/isa/burn.h"
#include "ops/cpu/isa/optimizer.h"
#include "ops/cpu/isa/kernel_table.h"
// clang-format on

namespace albert::cpu::ALBERT_ISA {
namespace {

template <class FormatType>
constexpr bool reads(Element element) {
  using Left = typename FormatType::Left;
  if (kStagedRows<FormatType> > 1) return false;
  return element == Element::kF32 ? __is_same(Left, float) : __is_same(Left, Bfloat16);
}

template <class FormatType>
constexpr FormatKernels format_kernels(void (*stage)(const StageTask&), PackKernels pack = {}) {
  return {.group = FormatType::kGroup,
          .word_multiple = kWordMultiple<FormatType>,
          .panel_columns = kPanelColumns<FormatType>,
          .panels_at_once = panels_for<FormatType>(kRowBlock<FormatType>),
          .row_tile = rows_at_once<FormatType>(panels_for<FormatType>(kRowBlock<FormatType>)),
          .row_block = kRowBlock<FormatType>,
          .staged_rows = kStagedRows<FormatType>,
          .left_bytes = sizeof(typename FormatType::Left),
          .right_bytes = sizeof(typename FormatType::Right),
          .reads = {reads<FormatType>(Element::kF32), reads<FormatType>(Element::kBF16)},
          .left_limit = kLeftLimit,
          .right_limit = kRightLimit,
          .stage = stage,
          .gemm_scratch = gemm_scratch<FormatType>,
          .gemm = gemm<FormatType>,
          .burn = burn<FormatType>,
          .burn_operations = kBurnOperations<FormatType>,
          .pack = pack};
}

}  // namespace

const KernelTable kernels = {
    .name = ALBERT_NAME_OF(ALBERT_ISA),
    .narrow = __is_same(Bfloat16Format::Left, Bfloat16) ? Element::kBF16 : Element::kF32,
    .formats = {format_kernels<Float32Format>(stage_converted<Float32Format>,
                                              pack_kernels<Float32Format>()),
                format_kernels<Bfloat16Format>(stage_converted<Bfloat16Format>,
                                               pack_kernels<Bfloat16Format>()),
                format_kernels<Int8Format>(stage_quantized)},
    .attention_scratch = attention_scratch,
    .attention = attention,
    .layer_norm = layer_norm,
    .convert = convert,
    .activation = activation,
    .weighted_sum = weighted_sum,
    .add_rows = add_rows,
    .softmax_statistics = softmax_statistics,
    .softmax = softmax,
    .subtract = subtract,
    .square_sum = square_sum,
    .adamw = adamw,
    .lamb_moments = lamb_moments,
    .lamb_apply = lamb_apply,
    .training = {.dropout = dropout,
                 .slope = slope,
                 .layer_norm_backward = layer_norm_backward,
                 .attention_backward_scratch = attention_backward_scratch,
                 .attention_backward = attention_backward,
                 .softmax_backward = softmax_backward,
                 .weighted_sum_backward = weighted_sum_backward,
                 .scaled_exponential = scaled_exponential,
                 .add = add}};

}  // namespace albert::cpu::ALBERT_ISA
