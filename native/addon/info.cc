// Collects the answer of info().
#include "addon/info.h"

#include <memory>
#include <string>
#include <vector>

#include "core/cpu_features.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "ops/backend.h"

namespace albert::addon {

namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#elif defined(__GNUC__)
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

template <class Strings>
Napi::Array strings_of(Napi::Env env, const Strings& strings) {
  Napi::Array array = Napi::Array::New(env);
  for (const auto& each : strings) array.Set(array.Length(), Napi::String::New(env, each));
  return array;
}

std::vector<std::string> feature_names(const CpuFeatures& features) {
  std::vector<std::string> names;
  const auto add = [&](bool present, const char* name) {
    if (present) names.push_back(name);
  };
  add(features.avx2_fma, "avx2_fma");
  add(features.avx512, "avx512");
  add(features.avx512_bf16, "avx512_bf16");
  add(features.avx512_vnni, "avx512_vnni");
  add(features.amx, "amx");
  add(features.neon, "neon");
  add(features.dotprod, "dotprod");
  add(features.bf16_i8mm, "bf16_i8mm");
  return names;
}

constexpr const char* kDTypes[] = {"fp32", "bf16", "int8", "fp16"};

constexpr const char* kFloat32 = "float32 products and sums";
constexpr const char* kWidenedBfloat16 = "bfloat16 in memory, float32 products and sums";
constexpr const char* kNativeBfloat16 = "bfloat16 products, float32 sums";
constexpr const char* kTileBfloat16 = "bfloat16 products in tiles, float32 sums";
constexpr const char* kNarrowInt8 =
    "7.5-bit operands (two products fit 16 bits: nothing saturates), exact 32-bit sums";
constexpr const char* kFullInt8 = "8-bit operands, exact 32-bit sums";
constexpr const char* kTileInt8 = "8-bit operands in tiles, exact 32-bit sums";

/// How an instruction set multiplies: ops/cpu/isa/dot.h in words.
struct Arithmetic {
  const char* instruction_set;
  const char* fp32;
  const char* bf16;
  const char* int8;
};

constexpr Arithmetic kArithmetics[] = {
    {"amx", kFloat32, kTileBfloat16, kTileInt8},
    {"avx512_bf16", kFloat32, kNativeBfloat16, kFullInt8},
    {"avx512_vnni", kFloat32, kWidenedBfloat16, kFullInt8},
    {"avx512", kFloat32, kWidenedBfloat16, kNarrowInt8},
    {"avx2", kFloat32, kWidenedBfloat16, kNarrowInt8},
    {"neon_bf16", kFloat32, kNativeBfloat16, kFullInt8},
    {"neon_dotprod", kFloat32, kWidenedBfloat16, kFullInt8},
    {"neon", kFloat32, kWidenedBfloat16, kFullInt8},
    {"portable", kFloat32, kWidenedBfloat16, kFullInt8},
    {"none", "float64 products and sums: the oracle for tests", "", ""},
};

const char* arithmetic_of_gpu(const std::string& dtype) {
  if (dtype == "fp32") return kFloat32;
  if (dtype == "bf16") return "bfloat16 products in tensor cores, float32 sums";
  if (dtype == "fp16") return "float16 products in tensor cores, float32 sums";
  return "8-bit operands in tensor cores, exact 32-bit sums";
}

/// Empty for an instruction set that the table lacks.
const char* arithmetic_of(const std::string& instruction_set, const std::string& dtype) {
  if (instruction_set.starts_with("sm_")) return arithmetic_of_gpu(dtype);
  for (const Arithmetic& each : kArithmetics) {
    if (instruction_set != each.instruction_set) continue;
    return dtype == "fp32" ? each.fp32 : dtype == "bf16" ? each.bf16 : each.int8;
  }
  return "";
}

/// A device as opening it shows it: there, or absent for a reason.
struct BackendState {
  bool available = false;
  std::string instruction_set = "none";
  std::string reason;
  std::string description = {};
  /// The dtypes it opens with, and how it computes in each.
  std::vector<std::string> dtypes = {};
  std::vector<std::string> arithmetic = {};
};

BackendState try_backend(const char* device) {
  BackendState state;
  for (const char* dtype : kDTypes) {
    try {
      const std::shared_ptr<Backend> backend =
          open_backend({.device = device, .dtype = dtype, .instruction_set = {}});
      state.available = true;
      state.instruction_set = backend->instruction_set();
      state.description = backend->description();
      state.dtypes.push_back(dtype);
      state.arithmetic.push_back(arithmetic_of(state.instruction_set, dtype));
    } catch (const Error& error) {
      if (state.reason.empty()) state.reason = error.what();
    }
  }
  if (state.available) state.reason.clear();  // of the dtypes that it lacks
  return state;
}

Napi::Object cpu_info(Napi::Env env) {
  const CpuFeatures& features = cpu_features();
  Napi::Object cpu = Napi::Object::New(env);
  cpu.Set("brand", features.brand);
  cpu.Set("features", strings_of(env, feature_names(features)));
  cpu.Set("instruction_set", try_backend("cpu").instruction_set);
  cpu.Set("instruction_sets", strings_of(env, available_instruction_sets()));
  return cpu;
}

Napi::Object thread_info(Napi::Env env) {
  const ThreadBudget budget = thread_budget();
  Napi::Object threads = Napi::Object::New(env);
  threads.Set("count", budget.threads);
  threads.Set("affinity", budget.affinity);
  threads.Set("quota", budget.quota);
  threads.Set("reason", budget.reason);
  return threads;
}

Napi::Object backend_info(Napi::Env env, const char* device, const char* remark) {
  const BackendState state = try_backend(device);
  const std::string present = *remark != '\0' ? remark : state.description;
  Napi::Object arithmetic = Napi::Object::New(env);
  for (size_t i = 0; i < state.dtypes.size(); ++i) {
    arithmetic.Set(state.dtypes[i], state.arithmetic[i]);
  }
  Napi::Object backend = Napi::Object::New(env);
  backend.Set("name", device);
  backend.Set("available", state.available);
  backend.Set("reason", state.available ? present : state.reason);
  backend.Set("dtypes", strings_of(env, state.dtypes));
  backend.Set("arithmetic", arithmetic);
  return backend;
}

}  // namespace

Napi::Value binary_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array backends = Napi::Array::New(env, 3);
  backends.Set(0u, backend_info(env, "cpu", ""));
  backends.Set(1u, backend_info(env, "reference", "float64 oracle for tests"));
  backends.Set(2u, backend_info(env, "cuda", ""));
  Napi::Object result = Napi::Object::New(env);
  result.Set("cpu", cpu_info(env));
  result.Set("threads", thread_info(env));
  result.Set("backends", backends);
  result.Set("compiler", kCompiler);
  return result;
}

}  // namespace albert::addon
