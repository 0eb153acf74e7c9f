// What the binary knows about itself and the machine.
#pragma once

#include <napi.h>

namespace albert::addon {

/// info(): processor, threads, backends (with the reason where one is missing), compiler.
Napi::Value binary_info(const Napi::CallbackInfo& info);

}  // namespace albert::addon
