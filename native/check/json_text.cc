// Writing JSON.
#include "check/json_text.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

namespace albert::checks {

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (const char character : text) {
    if (uint8_t(character) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", unsigned(uint8_t(character)));
      result += escape;
    } else {
      if (character == '"' || character == '\\') result += '\\';
      result += character;
    }
  }
  return result + "\"";
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace albert::checks
