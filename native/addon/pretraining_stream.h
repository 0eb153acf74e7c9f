// The JavaScript class of a stream of pretraining examples.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/wrapped.h"
#include "data/pretraining_stream.h"

namespace albert::addon {

class PretrainingStream {
 public:
  static constexpr const char* kName = "PretrainingStream";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  explicit PretrainingStream(std::shared_ptr<data::PretrainingStream> stream)
      : stream_(std::move(stream)) {}

  /// A promise of settings, files and vocabulary, as saved positions carry them.
  Napi::Value describe(const Napi::CallbackInfo& info);
  /// take(count): a promise of examples; then the next block is made in the background.
  Napi::Value take(const Napi::CallbackInfo& info);
  /// seek(position): a promise; waits for a block that is being made.
  Napi::Value seek(const Napi::CallbackInfo& info);

 private:
  const std::shared_ptr<data::PretrainingStream> stream_;
};

/// open_pretraining_stream(files, tokenizer, settings): a promise of a PretrainingStream.
Napi::Value open_pretraining_stream(const Napi::CallbackInfo& info);

}  // namespace albert::addon
