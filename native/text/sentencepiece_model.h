// The parts of a SentencePiece model file that encoding and decoding need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert::text {

/// The numbers are those of the file format.
enum class PieceType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
};

struct Piece {
  std::string text;  // UTF-8, never empty
  float score = 0;   // finite
  PieceType type = PieceType::kNormal;
};

struct SentencePieceModel {
  std::vector<Piece> pieces;  // index = token id; exactly one is of type kUnknown
  int32_t unknown_id = -1;
  std::string unknown_surface = " \xe2\x81\x87 ";
  std::string charsmap;  // compiled normalization rules, see charsmap.h; may be empty
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
};

/// Reads a serialized ModelProto. Throws Error{kFormat} for bytes that are damaged or
/// contradictory, and for sound models of a kind that ALBERT does not use (byte pair encoding,
/// words, characters, byte fallback, whitespace as suffix, denormalizers).
SentencePieceModel parse_sentencepiece_model(std::string_view model_proto);

}  // namespace albert::text
