// Compiled once per instruction set, with -DALBERT_ISA=avx512|avx2|portable|neon and its flags.
//
// Nothing here may leave an inline function for the linker to share with other objects: no standard
// library beyond <cstdint> and <cstddef>, and every definition lives in an unnamed namespace.
// clang-format off: it takes the path for a division, and each header needs the ones above it
#define ALBERT_QUOTED(text) #text
#define ALBERT_NAME_OF(set) ALBERT_QUOTED(set)
#define ALBERT_VECTOR_HEADER_OF(set) ALBERT_QUOTED(ops/cpu/isa/vector_##set.h)
#define ALBERT_VECTOR_HEADER(set) ALBERT_VECTOR_HEADER_OF(set)

#include ALBERT_VECTOR_HEADER(ALBERT_ISA)
#include "ops/cpu/isa/vector_loop.h"
#include "ops/cpu/isa/vector_math.h"
#include "ops/cpu/isa/gemm.h"
#include "ops/cpu/isa/softmax.h"
#include "ops/cpu/isa/attention.h"
#include "ops/cpu/isa/normalization.h"
#include "ops/cpu/isa/elementwise.h"
#include "ops/cpu/isa/burn.h"
#include "ops/cpu/isa/optimizer.h"
#include "ops/cpu/isa/kernel_table.h"
// clang-format on

namespace albert::cpu::ALBERT_ISA {

const KernelTable kernels = {.name = ALBERT_NAME_OF(ALBERT_ISA),
                             .panel_columns = kPanelColumns,
                             .row_tile = kRowTile,
                             .gemm = gemm,
                             .attention_scratch = attention_scratch,
                             .attention = attention,
                             .layer_norm = layer_norm,
                             .activation = activation,
                             .weighted_sum = weighted_sum,
                             .add_rows = add_rows,
                             .softmax_statistics = softmax_statistics,
                             .softmax = softmax,
                             .subtract = subtract,
                             .burn = burn,
                             .burn_flops = kBurnFlops,
                             .square_sum = square_sum,
                             .adamw = adamw,
                             .lamb_moments = lamb_moments,
                             .lamb_apply = lamb_apply};

}  // namespace albert::cpu::ALBERT_ISA
