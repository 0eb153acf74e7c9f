// The JavaScript class of a tokenizer.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/wrapped.h"
#include "text/tokenizer.h"

namespace albert::addon {

class Tokenizer {
 public:
  static constexpr const char* kName = "Tokenizer";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  explicit Tokenizer(std::shared_ptr<const text::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}

  const std::shared_ptr<const text::Tokenizer>& shared() const { return tokenizer_; }

  Napi::Value vocab_size(const Napi::CallbackInfo& info);
  Napi::Value special_ids(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value encode_batch(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value preprocess_characters(const Napi::CallbackInfo& info);
  Napi::Value decode(const Napi::CallbackInfo& info);
  Napi::Value piece(const Napi::CallbackInfo& info);
  Napi::Value find(const Napi::CallbackInfo& info);
  Napi::Value sentencepiece_ids(const Napi::CallbackInfo& info);

 private:
  const std::shared_ptr<const text::Tokenizer> tokenizer_;
};

/// load_tokenizer(model, options): a promise of a Tokenizer.
Napi::Value load_tokenizer(const Napi::CallbackInfo& info);

}  // namespace albert::addon
