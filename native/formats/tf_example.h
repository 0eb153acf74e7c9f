// tf.train.Example: named lists of integers, floats or byte strings, in protobuf's wire format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace albert::formats {

/// One list; a feature without a list is an empty list of byte strings.
using TfFeature = std::variant<std::vector<std::string>, std::vector<float>, std::vector<int64_t>>;

/// Features in the order of the message. Names are unique.
using TfExample = std::vector<std::pair<std::string, TfFeature>>;

/// Reads a message: packed and unpacked lists, unknown fields skipped, of two features with one
/// name the last. Throws Error{kFormat} for bytes that are no such message.
TfExample parse_tf_example(std::string_view message);

/// Writes a message as TensorFlow does: lists packed.
std::string serialize_tf_example(const TfExample& example);

}  // namespace albert::formats
