// The op checks as JavaScript sees them.
#pragma once

#include <napi.h>

namespace albert::addon {

/// list_cases(): names.
Napi::Value list_cases(const Napi::CallbackInfo& info);
/// check_case(name, instruction_set): a promise of the comparison with the reference.
Napi::Value check_case(const Napi::CallbackInfo& info);
/// time_case(name, instruction_set): a promise of timings; rejects where the check fails.
Napi::Value time_case(const Napi::CallbackInfo& info);

}  // namespace albert::addon
