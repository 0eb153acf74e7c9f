// Recognizes the spelled-out special tokens in raw text, before any normalization.
#include "text/special_tokens.h"

#include <array>

#include "text/unicode.h"

namespace albert::text {
namespace {

struct Spelling {
  std::u16string_view text;
  int32_t id;
  bool strips_left;
};

std::array<Spelling, 5> spellings_of(const SpecialTokens& special) {
  return {{{u"[CLS]", special.cls, false},
           {u"[SEP]", special.sep, false},
           {u"[MASK]", special.mask, true},
           {u"<pad>", special.pad, false},
           {u"<unk>", special.unknown, false}}};
}

const Spelling* match(std::u16string_view text, const std::array<Spelling, 5>& spellings) {
  for (const Spelling& spelling : spellings) {
    if (spelling.id >= 0 && text.starts_with(spelling.text)) return &spelling;
  }
  return nullptr;
}

size_t strip_right(std::u16string_view text, size_t begin, size_t end) {
  while (end > begin && is_whitespace(text[end - 1])) --end;
  return end;
}

void push_text(std::vector<TextPart>& parts, size_t begin, size_t end) {
  if (begin < end) parts.push_back({.range = {int32_t(begin), int32_t(end)}, .special_id = -1});
}

}  // namespace

SpecialTokens::SpecialTokens(const Unigram& vocabulary)
    : pad(vocabulary.find("<pad>")),
      unknown(vocabulary.unknown_id()),
      cls(vocabulary.find("[CLS]")),
      sep(vocabulary.find("[SEP]")),
      mask(vocabulary.find("[MASK]")) {}

std::vector<TextPart> split_special_tokens(std::u16string_view text, const SpecialTokens& special) {
  const std::array<Spelling, 5> spellings = spellings_of(special);
  std::vector<TextPart> parts;
  size_t text_begin = 0;
  size_t position = text.find_first_of(u"[<");
  while (position != text.npos) {
    const Spelling* found = match(text.substr(position), spellings);
    if (found == nullptr) {
      position = text.find_first_of(u"[<", position + 1);
      continue;
    }
    const size_t text_end = found->strips_left ? strip_right(text, text_begin, position) : position;
    push_text(parts, text_begin, text_end);
    text_begin = position + found->text.size();
    parts.push_back({.range = {int32_t(position), int32_t(text_begin)}, .special_id = found->id});
    position = text.find_first_of(u"[<", text_begin);
  }
  push_text(parts, text_begin, text.size());
  return parts;
}

}  // namespace albert::text
