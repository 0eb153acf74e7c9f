// The CPU behind the backend door.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "ops/backend.h"

namespace albert {

/// The CPU with an arithmetic ("fp32", "bf16", "int8") and an instruction set: the named one; else,
/// for an empty name, what ALBERT_CPU_ISA names; else the best. Throws Error{kBackend} with a list
/// if this machine cannot run it.
std::shared_ptr<Backend> open_cpu_backend(const std::string& dtype,
                                          const std::string& instruction_set);

/// What this machine can run, best first.
std::span<const char* const> cpu_instruction_sets();

}  // namespace albert
