// Writing JSON: what the reports of albert_check share.
#pragma once

#include <string>

namespace albert::checks {

/// Quoted and escaped.
std::string json_string(const std::string& text);

/// JSON has no infinities: an output that was never written shows as null.
std::string json_number(double value);

/// An array, an item a line.
template <class Items, class Format>
std::string json_list(const Items& items, Format format) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "[\n    " : ",\n    ") + format(item);
  return text.empty() ? "[]" : text + "\n  ]";
}

}  // namespace albert::checks
