// The op checks as JavaScript sees them.
#pragma once

#include <napi.h>

namespace albert::addon {

/// list_cases(timed?): names; with `timed`, those whose shapes are of a real model.
Napi::Value list_cases(const Napi::CallbackInfo& info);
/// check_case(name, instruction_set): a promise of the comparison with the reference.
Napi::Value check_case(const Napi::CallbackInfo& info);
/// time_case(name, instruction_set): a promise of timings; rejects where the check fails.
Napi::Value time_case(const Napi::CallbackInfo& info);
/// measure_peak(instruction_set, working_set): a promise of bytes a second over a working set of so
/// many bytes, or of operations a second where it is 0.
Napi::Value measure_peak(const Napi::CallbackInfo& info);

}  // namespace albert::addon
