// An optimizer's updates on numbers of the caller.
#pragma once

#include <napi.h>

namespace albert::addon {

/// trace_optimizer(request): a promise of what each update made of the parameters.
Napi::Value trace_optimizer(const Napi::CallbackInfo& info);

}  // namespace albert::addon
