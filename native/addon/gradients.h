// Losses and gradients of one batch as JavaScript sees them.
#pragma once

#include <napi.h>

#include "train/gradients.h"

namespace albert::addon {

/// batch_gradients(load, batch, options): loads a model, or shares what is loaded, and gives a
/// promise of the batch's loss and of its gradient by every parameter, in float64.
Napi::Value batch_gradients(const Napi::CallbackInfo& info);

/// { loss, mlm_loss, sop_loss, gradients, activation_bytes }
Napi::Value gradients_to_javascript(Napi::Env env, const train::BatchGradients& result);

}  // namespace albert::addon
