// The rewriting loop of SentencePiece's normalizer, with the source ranges carried along.
#include "text/normalizer.h"

#include <vector>

namespace albert::text {
namespace {

constexpr std::string_view kReplacementBytes = "\xef\xbf\xbd";  // U+FFFD

std::vector<DoubleArray::Entry> user_defined_pieces(const SentencePieceModel& model) {
  std::vector<DoubleArray::Entry> entries;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    if (piece.type == PieceType::kUserDefined) entries.push_back({piece.text, int32_t(id)});
  }
  return entries;
}

void append_escaped(AlignedBytes& result, std::string_view text, Span range) {
  for (size_t space = text.find(' '); space != text.npos; space = text.find(' ')) {
    result.append(text.substr(0, space), range);
    result.append(kSpaceSymbol, range);
    text.remove_prefix(space + 1);
  }
  result.append(text, range);
}

void strip_trailing_spaces(AlignedBytes& result) {
  while (result.bytes.ends_with(kSpaceSymbol)) {
    result.bytes.resize(result.bytes.size() - kSpaceSymbol.size());
  }
  result.source.resize(result.bytes.size());
}

}  // namespace

Normalizer::Normalizer(const SentencePieceModel& model)
    : charsmap_(model.charsmap),
      user_defined_(user_defined_pieces(model)),
      add_dummy_prefix_(model.add_dummy_prefix),
      remove_extra_whitespaces_(model.remove_extra_whitespaces) {}

AlignedBytes Normalizer::normalize(const AlignedBytes& text) const {
  std::string_view rest = text.bytes;
  if (remove_extra_whitespaces_) rest.remove_prefix(skip_leading_spaces(rest));
  AlignedBytes result;
  if (rest.empty()) return result;
  result.reserve(rest.size() + rest.size() / 2);
  size_t position = text.bytes.size() - rest.size();
  if (add_dummy_prefix_) {
    const int32_t start = text.source[position].begin;
    result.append(kSpaceSymbol, {start, start});
  }
  bool after_space = remove_extra_whitespaces_;
  while (position < text.bytes.size()) {
    auto [replacement, size] = next(std::string_view(text.bytes).substr(position));
    const Span range = {text.source[position].begin, text.source[position + size - 1].end};
    while (after_space && replacement.starts_with(' ')) replacement.remove_prefix(1);
    if (!replacement.empty()) {
      append_escaped(result, replacement, range);
      after_space = remove_extra_whitespaces_ && replacement.ends_with(' ');
    }
    position += size;
  }
  if (remove_extra_whitespaces_) strip_trailing_spaces(result);
  return result;
}

Normalizer::Rewrite Normalizer::next(std::string_view text) const {
  if (const size_t size = user_defined_.longest_match(text); size > 0) {
    return {text.substr(0, size), size};
  }
  if (const auto match = charsmap_.longest_match(text)) return {match->replacement, match->size};
  const Utf8Character character = decode_utf8(text);
  if (!character.valid) return {kReplacementBytes, 1};
  return {text.substr(0, character.size), character.size};
}

size_t Normalizer::skip_leading_spaces(std::string_view text) const {
  size_t position = 0;
  while (position < text.size()) {
    const Rewrite rewrite = next(text.substr(position));
    if (rewrite.replacement != " ") break;
    position += rewrite.size;
  }
  return position;
}

}  // namespace albert::text
