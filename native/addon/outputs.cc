// Hands the memory of outputs to JavaScript without copying it.
#include "addon/outputs.h"

#include <cstring>
#include <memory>

#include "core/error.h"

namespace albert::addon {

namespace {

using Memory = std::shared_ptr<void>;

void release_memory(napi_env, void*, void* memory) {
  delete static_cast<Memory*>(memory);
}

Napi::ArrayBuffer copy_of(Napi::Env env, const engine::JobOutput& output) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, output.bytes);
  if (output.bytes != 0) std::memcpy(buffer.Data(), output.data.get(), output.bytes);
  return buffer;
}

/// V8 counts an external buffer like its own, so the bytes need no further report.
Napi::ArrayBuffer buffer_of(Napi::Env env, const engine::JobOutput& output) {
  if (output.bytes == 0) return copy_of(env, output);
  auto memory = std::make_unique<Memory>(output.data);
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(
      env, output.data.get(), output.bytes, &release_memory, memory.get(), &buffer);
  // Runtimes with a memory cage (Electron) take no foreign memory.
  if (status == napi_no_external_buffers_allowed) return copy_of(env, output);
  memory.release();  // now the finalizer's: Node calls it where it fails to make the buffer, too
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::ArrayBuffer(env, buffer);
}

Napi::Value typed_array(Napi::Env env, const engine::JobOutput& output) {
  const Napi::ArrayBuffer buffer = buffer_of(env, output);
  const size_t length = output.bytes / size_of(output.dtype);
  switch (output.dtype) {
    case DType::kF32:
      return Napi::Float32Array::New(env, length, buffer, 0);
    case DType::kF64:
      return Napi::Float64Array::New(env, length, buffer, 0);
    case DType::kI32:
      return Napi::Int32Array::New(env, length, buffer, 0);
    default:
      throw Error(ErrorCode::kType, "forward: output " + output.name + " has no JavaScript type, " +
                                        "got " + name_of(output.dtype));
  }
}

Napi::Array dims_of(Napi::Env env, const std::vector<int64_t>& dims) {
  Napi::Array array = Napi::Array::New(env, dims.size());
  for (size_t i = 0; i < dims.size(); ++i) array.Set(uint32_t(i), double(dims[i]));
  return array;
}

}  // namespace

Napi::Object outputs_to_javascript(Napi::Env env, const std::vector<engine::JobOutput>& outputs) {
  Napi::Object result = Napi::Object::New(env);
  for (const engine::JobOutput& output : outputs) {
    Napi::Object tensor = Napi::Object::New(env);
    tensor.Set("dims", dims_of(env, output.dims));
    tensor.Set("data", typed_array(env, output));
    result.Set(output.name, tensor);
  }
  return result;
}

}  // namespace albert::addon
