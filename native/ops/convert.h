// A change of element type, between what layers compute in and what everything around them does.
#pragma once

#include "core/tensor.h"

namespace albert {

/// y = x in y's element type, rounded to nearest.
struct ConvertForward {
  Tensor y;  // (R, C), activation or master dtype
  Tensor x;  // (R, C), activation or master dtype
  bool operator==(const ConvertForward&) const = default;
};

void check(const ConvertForward& op);
double flops(const ConvertForward& op);
double bytes(const ConvertForward& op);

}  // namespace albert
