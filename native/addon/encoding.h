// Options and results of the tokenizer's encode calls.
#pragma once

#include <napi.h>

#include <cstring>
#include <vector>

#include "addon/arguments.h"
#include "text/tokenizer.h"

namespace albert::addon {

text::EncodeOptions read_encode_options(const Argument& options);

/// The windows of one text.
Napi::Array encodings_to_javascript(Napi::Env env, const std::vector<text::Encoding>& encodings);

/// A new typed array with these elements.
template <class T>
Napi::TypedArrayOf<T> typed_array_of(Napi::Env env, const T* elements, size_t count) {
  Napi::TypedArrayOf<T> array = Napi::TypedArrayOf<T>::New(env, count);
  if (count != 0) std::memcpy(array.Data(), elements, count * sizeof(T));
  return array;
}

}  // namespace albert::addon
