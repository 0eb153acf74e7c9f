// From the protobuf messages of a SentencePiece model to the structs of sentencepiece_model.h.
#include "text/sentencepiece_model.h"

#include <cmath>

#include "core/error.h"
#include "text/protobuf_reader.h"
#include "text/utf.h"

namespace albert::text {
namespace {

// SentencePiece's trainer stops at 16 characters; the limit keeps encoding linear in the text
// whatever the file says.
constexpr size_t kMaxPieceBytes = 512;

// The published models have less than 1 MB.
constexpr size_t kMaxFileBytes = size_t{256} << 20;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorCode::kFormat, "SentencePiece model: " + what);
}

[[noreturn]] void unsupported(const std::string& what) {
  throw Error(ErrorCode::kFormat,
              "SentencePiece model: " + what + "; only plain unigram models are supported");
}

[[noreturn]] void damaged_piece(size_t id, const std::string& what) {
  damaged("piece " + std::to_string(id) + " " + what);
}

PieceType piece_type_of(int32_t number, size_t id) {
  constexpr int32_t kByte = 6;
  if (number == kByte) unsupported("piece " + std::to_string(id) + " is a byte-fallback piece");
  if (number < 1 || number > kByte) {
    damaged_piece(id, "has the unknown type " + std::to_string(number));
  }
  return PieceType(number);
}

void check_piece(const Piece& piece, size_t id) {
  if (piece.text.empty()) damaged_piece(id, "is empty");
  if (piece.text.size() > kMaxPieceBytes) damaged_piece(id, "is longer than 512 bytes");
  if (!is_valid_utf8(piece.text)) damaged_piece(id, "is not UTF-8");
  if (!std::isfinite(piece.score)) damaged_piece(id, "has a score that is not a finite number");
}

Piece parse_piece(std::string_view message, size_t id) {
  Piece piece;
  ProtobufReader reader(message);
  while (reader.next()) {
    switch (reader.field()) {
      case 1: piece.text = reader.read_bytes(); break;
      case 2: piece.score = reader.read_float(); break;
      case 3: piece.type = piece_type_of(reader.read_int32(), id); break;
      default: break;
    }
  }
  check_piece(piece, id);
  return piece;
}

const char* model_type_name(int32_t type) {
  switch (type) {
    case 2: return "byte pair encoding";
    case 3: return "word";
    case 4: return "character";
    default: return "unknown";
  }
}

void parse_trainer(std::string_view message, SentencePieceModel& model) {
  ProtobufReader reader(message);
  while (reader.next()) {
    switch (reader.field()) {
      case 3:
        if (const int32_t type = reader.read_int32(); type != 1) {
          unsupported(std::string("the model type is ") + model_type_name(type));
        }
        break;
      case 24:
        if (reader.read_bool()) unsupported("whitespace is treated as a suffix");
        break;
      case 35:
        if (reader.read_bool()) unsupported("the model uses byte fallback");
        break;
      case 44: model.unknown_surface = reader.read_bytes(); break;
      default: break;
    }
  }
}

void parse_normalizer(std::string_view message, SentencePieceModel& model) {
  ProtobufReader reader(message);
  while (reader.next()) {
    switch (reader.field()) {
      case 2: model.charsmap = reader.read_bytes(); break;
      case 3: model.add_dummy_prefix = reader.read_bool(); break;
      case 4: model.remove_extra_whitespaces = reader.read_bool(); break;
      case 5:
        if (!reader.read_bool()) unsupported("spaces are not escaped");
        break;
      default: break;
    }
  }
}

void parse_denormalizer(std::string_view message) {
  ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.field() == 2 && !reader.read_bytes().empty()) {
      unsupported("the model has a denormalizer");
    }
  }
}

void find_unknown(SentencePieceModel& model) {
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.pieces[id].type != PieceType::kUnknown) continue;
    if (model.unknown_id >= 0) damaged("more than one piece is marked as the unknown piece");
    model.unknown_id = int32_t(id);
  }
  if (model.unknown_id < 0) damaged("no piece is marked as the unknown piece");
}

}  // namespace

SentencePieceModel parse_sentencepiece_model(std::string_view model_proto) {
  if (model_proto.empty()) damaged("the file is empty");
  if (model_proto.size() > kMaxFileBytes) damaged("the file is larger than 256 MiB");
  SentencePieceModel model;
  ProtobufReader reader(model_proto);
  while (reader.next()) {
    switch (reader.field()) {
      case 1: model.pieces.push_back(parse_piece(reader.read_bytes(), model.pieces.size())); break;
      case 2: parse_trainer(reader.read_bytes(), model); break;
      case 3: parse_normalizer(reader.read_bytes(), model); break;
      case 5: parse_denormalizer(reader.read_bytes()); break;
      default: break;
    }
  }
  if (model.pieces.empty()) damaged("the file holds no pieces; is it a SentencePiece model?");
  find_unknown(model);
  if (!is_valid_utf8(model.unknown_surface)) damaged("the unknown surface is not UTF-8");
  return model;
}

}  // namespace albert::text
