// The tokenizer's methods as JavaScript sees them; encode_batch runs on the pool.
#include "addon/tokenizer.h"

#include <utility>

#include "addon/encoding.h"
#include "addon/task.h"

namespace albert::addon {

namespace {

using Encodings = std::vector<std::vector<text::Encoding>>;

struct BatchRequest {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::vector<std::u16string> texts;
  std::optional<std::vector<std::u16string>> pairs;
  text::EncodeOptions options;
};

Encodings encode_all(const BatchRequest& request, ThreadPool& pool, const Mailbox& mailbox) {
  Encodings results(request.texts.size());
  pool.parallel_for(int64_t(results.size()), pool.size(), [&](int64_t index) {
    if (mailbox.closed()) return;  // nobody waits for the rest
    std::optional<std::u16string_view> pair;
    if (request.pairs) pair = (*request.pairs)[size_t(index)];
    results[size_t(index)] =
        request.tokenizer->encode(request.texts[size_t(index)], pair, request.options);
  });
  return results;
}

Napi::Value strings_to_javascript(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(uint32_t(i), strings[i]);
  }
  return array;
}

Napi::Value batch_to_javascript(Napi::Env env, const Encodings& results) {
  Napi::Array array = Napi::Array::New(env, results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(uint32_t(i), encodings_to_javascript(env, results[i]));
  }
  return array;
}

}  // namespace

const napi_type_tag Tokenizer::kTag = {uint64_t(uintptr_t(&Tokenizer::kTag)), 0x616c62657274'746fu};

Napi::FunctionReference Tokenizer::define(Napi::Env env) {
  return define_class(
      env, kName,
      {getter<Tokenizer, &Tokenizer::vocab_size>("vocab_size"),
       getter<Tokenizer, &Tokenizer::special_ids>("special_ids"),
       method<Tokenizer, &Tokenizer::encode>("encode"),
       method<Tokenizer, &Tokenizer::encode_batch>("encode_batch"),
       method<Tokenizer, &Tokenizer::tokenize>("tokenize"),
       method<Tokenizer, &Tokenizer::preprocess_characters>("preprocess_characters"),
       method<Tokenizer, &Tokenizer::decode>("decode"),
       method<Tokenizer, &Tokenizer::piece>("piece"), method<Tokenizer, &Tokenizer::find>("find"),
       method<Tokenizer, &Tokenizer::sentencepiece_ids>("sentencepiece_ids")});
}

Napi::Value Tokenizer::vocab_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), tokenizer_->vocab_size());
}

Napi::Value Tokenizer::special_ids(const Napi::CallbackInfo& info) {
  const text::SpecialTokens& special = tokenizer_->special_tokens();
  Napi::Object ids = Napi::Object::New(info.Env());
  ids.Set("pad", special.pad);
  ids.Set("unk", special.unknown);
  ids.Set("cls", special.cls);
  ids.Set("sep", special.sep);
  ids.Set("mask", special.mask);
  return ids;
}

Napi::Value Tokenizer::encode(const Napi::CallbackInfo& info) {
  const std::u16string text = Argument::of(info, 0, "encode: text").utf16();
  const Argument pair = Argument::of(info, 1, "encode: pair");
  const std::u16string pair_text = pair.absent() ? std::u16string() : pair.utf16();
  const auto options = read_encode_options(Argument::of(info, 2, "encode: options"));
  std::optional<std::u16string_view> second;
  if (!pair.absent()) second = pair_text;
  return encodings_to_javascript(info.Env(), tokenizer_->encode(text, second, options));
}

Napi::Value Tokenizer::encode_batch(const Napi::CallbackInfo& info) {
  BatchRequest request{.tokenizer = tokenizer_,
                       .texts = Argument::of(info, 0, "encode_batch: texts").strings(),
                       .pairs = {},
                       .options = {}};
  const Argument pairs = Argument::of(info, 1, "encode_batch: pairs");
  if (!pairs.absent()) request.pairs = pairs.strings();
  if (request.pairs && request.pairs->size() != request.texts.size()) {
    pairs.refuse_range("as many pairs as texts (" + std::to_string(request.texts.size()) +
                       "), got " + std::to_string(request.pairs->size()));
  }
  request.options = read_encode_options(Argument::of(info, 2, "encode_batch: options"));
  Environment& environment = Environment::of(info.Env());
  // The environment holds the pool until this work has ended.
  const auto work = [request = std::move(request), pool = &environment.pool(),
                     mailbox = environment.mailbox()] {
    return encode_all(request, *pool, *mailbox);
  };
  return start_task(info.Env(), work, &batch_to_javascript);
}

Napi::Value Tokenizer::tokenize(const Napi::CallbackInfo& info) {
  const std::u16string text = Argument::of(info, 0, "tokenize: text").utf16();
  return strings_to_javascript(info.Env(), tokenizer_->tokenize(text));
}

Napi::Value Tokenizer::preprocess_characters(const Napi::CallbackInfo& info) {
  const std::u16string text = Argument::of(info, 0, "preprocess_characters: text").utf16();
  return strings_to_javascript(info.Env(), tokenizer_->preprocess_characters(text));
}

Napi::Value Tokenizer::decode(const Napi::CallbackInfo& info) {
  const std::vector<int32_t> ids = Argument::of(info, 0, "decode: ids").int32s();
  const bool skip = Argument::of(info, 1, "decode: skip_special_tokens").boolean();
  const bool clean = Argument::of(info, 2, "decode: clean_up_spaces").boolean();
  return Napi::String::New(info.Env(), tokenizer_->decode(ids, skip, clean));
}

Napi::Value Tokenizer::piece(const Napi::CallbackInfo& info) {
  const Argument id = Argument::of(info, 0, "piece: id");
  const int64_t index = id.integer(0, tokenizer_->vocab_size() - 1);
  return Napi::String::New(info.Env(), tokenizer_->piece(int32_t(index)));
}

Napi::Value Tokenizer::find(const Napi::CallbackInfo& info) {
  const std::string piece = Argument::of(info, 0, "find: piece").utf8();
  return Napi::Number::New(info.Env(), tokenizer_->find(piece).value_or(-1));
}

Napi::Value Tokenizer::sentencepiece_ids(const Napi::CallbackInfo& info) {
  const std::u16string text = Argument::of(info, 0, "sentencepiece_ids: text").utf16();
  const std::vector<int32_t> ids = tokenizer_->sentencepiece_ids(text);
  return typed_array_of(info.Env(), ids.data(), ids.size());
}

Napi::Value load_tokenizer(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> model = Argument::of(info, 0, "load_tokenizer: model").bytes();
  const Argument options = Argument::of(info, 1, "load_tokenizer: options");
  const text::TokenizerOptions rules = {.do_lower_case = options.field("do_lower_case").boolean(),
                                        .remove_space = options.field("remove_space").boolean(),
                                        .keep_accents = options.field("keep_accents").boolean(),
                                        .google_rules = options.field("google_rules").boolean()};
  return start_task(
      info.Env(),
      [model = std::move(model), rules] {
        const std::string_view bytes(reinterpret_cast<const char*>(model.data()), model.size());
        return text::Tokenizer::from_bytes(bytes, rules);
      },
      [](Napi::Env env, std::shared_ptr<const text::Tokenizer> tokenizer) -> Napi::Value {
        return wrap_native(env, Environment::of(env).classes.tokenizer,
                           std::make_unique<Tokenizer>(std::move(tokenizer)));
      });
}

}  // namespace albert::addon
