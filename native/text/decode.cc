// Joins pieces and special tokens as Hugging Face's AlbertTokenizer does.
#include "text/decode.h"

#include <string_view>

#include "core/error.h"
#include "text/unicode.h"
#include "text/utf.h"

namespace albert::text {
namespace {

const Piece& piece_at(const SentencePieceModel& model, int32_t id) {
  if (id >= 0 && size_t(id) < model.pieces.size()) return model.pieces[size_t(id)];
  throw Error(ErrorCode::kRange, "decode: expected ids from 0 to " +
                                     std::to_string(model.pieces.size() - 1) + ", got " +
                                     std::to_string(id));
}

void append_with_spaces(std::string& text, std::string_view piece) {
  for (size_t at = piece.find(kSpaceSymbol); at != piece.npos; at = piece.find(kSpaceSymbol)) {
    text.append(piece.substr(0, at)).push_back(' ');
    piece.remove_prefix(at + kSpaceSymbol.size());
  }
  text.append(piece);
}

/// A run of ordinary pieces; the space in front of its first word is left out.
class PieceRun {
 public:
  explicit PieceRun(const SentencePieceModel& model)
      : drops_leading_space_(model.add_dummy_prefix || model.remove_extra_whitespaces) {}

  void append(std::string_view piece) {
    const bool at_start = text_.empty() && drops_leading_space_;
    if (at_start && piece.starts_with(kSpaceSymbol)) piece.remove_prefix(kSpaceSymbol.size());
    append_with_spaces(text_, piece);
  }

  void append_verbatim(std::string_view text) { text_.append(text); }

  void move_to(std::string& output) {
    output.append(text_);
    text_.clear();
  }

 private:
  std::string text_;
  bool drops_leading_space_;
};

std::u16string strip(std::u16string text) {
  size_t end = text.size();
  while (end > 0 && is_whitespace(text[end - 1])) --end;
  size_t begin = 0;
  while (begin < end && is_whitespace(text[begin])) ++begin;
  return text.substr(begin, end - begin);
}

std::u16string replace_all(std::u16string_view text, std::u16string_view from,
                           std::u16string_view to) {
  std::u16string result;
  result.reserve(text.size());
  size_t begin = 0;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, begin)) {
    result.append(text.substr(begin, at - begin)).append(to);
    begin = at + from.size();
  }
  return result.append(text.substr(begin));
}

std::u16string clean_up_spaces(std::u16string text) {
  constexpr std::u16string_view kReplacements[][2] = {
      {u" .", u"."},     {u" ?", u"?"},   {u" !", u"!"},   {u" ,", u","},     {u" ' ", u"'"},
      {u" n't", u"n't"}, {u" 'm", u"'m"}, {u" 's", u"'s"}, {u" 've", u"'ve"}, {u" 're", u"'re"},
  };
  for (const auto& [from, to] : kReplacements) text = replace_all(text, from, to);
  return text;
}

}  // namespace

std::u16string decode(const SentencePieceModel& model, std::span<const int32_t> ids,
                      const DecodeOptions& options) {
  std::string text;
  PieceRun run(model);
  bool after_special = false;
  for (const int32_t id : ids) {
    const Piece& piece = piece_at(model, id);
    const bool is_unknown = piece.type == PieceType::kUnknown;
    const bool is_special =
        piece.type == PieceType::kControl || (is_unknown && options.unknown_is_special);
    if (is_special && options.skip_special_tokens) continue;
    if (is_special) {
      // The space belongs before the run, not after it: "[CLS] the text[SEP]".
      if (!after_special) text.push_back(' ');
      run.move_to(text);
      text.append(piece.text);
    } else if (is_unknown) {
      run.append_verbatim(model.unknown_surface);
    } else {
      run.append(piece.text);
    }
    after_special = is_special;
  }
  run.move_to(text);
  std::u16string result = strip(to_utf16(text));
  return options.clean_up_spaces ? clean_up_spaces(std::move(result)) : result;
}

}  // namespace albert::text
