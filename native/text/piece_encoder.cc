// Segments normalized text and re-encodes the pieces that end in a digit and a comma.
#include "text/piece_encoder.h"

#include "text/unicode.h"

namespace albert::text {
namespace {

std::string_view surface_of(const AlignedBytes& text, const Segment& segment) {
  return std::string_view(text.bytes).substr(segment.begin, segment.end - segment.begin);
}

/// The source of a piece without the space in front of its word; a piece that is only a space
/// keeps it.
Span source_of(const AlignedBytes& text, const Segment& segment) {
  size_t begin = segment.begin;
  const std::string_view bytes = text.bytes;
  while (segment.end - begin > kSpaceSymbol.size() &&
         bytes.substr(begin).starts_with(kSpaceSymbol)) {
    begin += kSpaceSymbol.size();
  }
  return {text.source[begin].begin, text.source[segment.end - 1].end};
}

bool ends_in_digit_and_comma(std::string_view surface) {
  if (surface.size() < 2 || surface.back() != ',') return false;
  surface.remove_suffix(1);
  size_t last = surface.size() - 1;
  while (last > 0 && (uint8_t(surface[last]) & 0xC0) == 0x80) --last;
  return is_digit(decode_utf8(surface.substr(last)).code_point);
}

/// The bytes of a segment but its last one, without its space symbols.
AlignedBytes number_of(const AlignedBytes& text, const Segment& segment) {
  AlignedBytes number;
  const std::string_view bytes = std::string_view(text.bytes).substr(0, segment.end - 1);
  for (size_t i = segment.begin; i < bytes.size();) {
    if (bytes.substr(i).starts_with(kSpaceSymbol)) {
      i += kSpaceSymbol.size();
      continue;
    }
    number.append(bytes.substr(i, 1), text.source[i]);
    ++i;
  }
  return number;
}

}  // namespace

void PieceEncoder::Output::append(int32_t id, std::string_view surface, Span range) {
  tokens.ids.push_back(id);
  tokens.offsets.push_back(range);
  if (surfaces != nullptr) surfaces->emplace_back(surface);
}

void PieceEncoder::encode(const AlignedText& text, TokenList& tokens,
                          std::vector<std::string>* surfaces) const {
  const AlignedBytes normalized = normalizer_.normalize(to_utf8(text));
  Output output = {tokens, surfaces};
  for (const Segment& segment : unigram_.segment(normalized.bytes)) {
    const std::string_view surface = surface_of(normalized, segment);
    if (ends_in_digit_and_comma(surface)) {
      split_digit_comma(normalized, segment, output);
    } else {
      output.append(segment.id, surface, source_of(normalized, segment));
    }
  }
}

void PieceEncoder::split_digit_comma(const AlignedBytes& text, const Segment& segment,
                                     Output& output) const {
  const bool had_prefix = surface_of(text, segment).starts_with(kSpaceSymbol);
  const AlignedBytes number = normalizer_.normalize(number_of(text, segment));
  bool strips_prefix = strip_split_prefix_ && !had_prefix;
  for (const Segment& part : unigram_.segment(number.bytes)) {
    std::string_view surface = surface_of(number, part);
    const bool strips = strips_prefix && surface.starts_with(kSpaceSymbol);
    strips_prefix = false;
    if (strips) surface.remove_prefix(kSpaceSymbol.size());
    if (surface.empty()) continue;
    output.append(strips ? id_of(surface) : part.id, surface, source_of(number, part));
  }
  output.append(id_of(","), ",", text.source[segment.end - 1]);
}

int32_t PieceEncoder::id_of(std::string_view surface) const {
  const int32_t id = unigram_.find(surface);
  return id >= 0 ? id : unigram_.unknown_id();
}

}  // namespace albert::text
