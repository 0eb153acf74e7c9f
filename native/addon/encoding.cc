// JavaScript ↔ text::EncodeOptions and text::Encoding.
#include "addon/encoding.h"

#include <limits>

namespace albert::addon {

namespace {

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

text::Truncation read_truncation(const Argument& field) {
  const std::string name = field.utf8();
  if (name == "none") return text::Truncation::kNone;
  if (name == "longest_first") return text::Truncation::kLongestFirst;
  if (name == "only_first") return text::Truncation::kOnlyFirst;
  if (name == "only_second") return text::Truncation::kOnlySecond;
  field.refuse_range("\"none\", \"longest_first\", \"only_first\" or \"only_second\", got \"" +
                     name + "\"");
}

Napi::Object encoding_to_javascript(Napi::Env env, const text::Encoding& encoding) {
  static_assert(sizeof(text::Span) == 2 * sizeof(int32_t), "spans are pairs of int32");
  const size_t size = encoding.input_ids.size();
  const auto* offsets = reinterpret_cast<const int32_t*>(encoding.offsets.data());
  Napi::Object object = Napi::Object::New(env);
  object.Set("input_ids", typed_array_of(env, encoding.input_ids.data(), size));
  object.Set("token_type_ids", typed_array_of(env, encoding.token_type_ids.data(), size));
  object.Set("offsets", typed_array_of(env, offsets, 2 * size));
  object.Set("sequence_ids", typed_array_of(env, encoding.sequence_ids.data(), size));
  return object;
}

}  // namespace

text::EncodeOptions read_encode_options(const Argument& options) {
  const text::Truncation truncation = read_truncation(options.field("truncation"));
  const auto max_length = int32_t(options.field("max_length").integer(0, kMaxInt32));
  return {.add_special_tokens = options.field("add_special_tokens").boolean(),
          // To the tokenizer a limit is a limit; here 0 means that there is none.
          .truncation = max_length == 0 ? text::Truncation::kNone : truncation,
          .max_length = max_length,
          .stride = int32_t(options.field("stride").integer(0, kMaxInt32)),
          .return_overflowing_tokens = options.field("return_overflowing_tokens").boolean()};
}

Napi::Array encodings_to_javascript(Napi::Env env, const std::vector<text::Encoding>& encodings) {
  Napi::Array array = Napi::Array::New(env, encodings.size());
  for (size_t i = 0; i < encodings.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(uint32_t(i), encoding_to_javascript(env, encodings[i]));
  }
  return array;
}

}  // namespace albert::addon
