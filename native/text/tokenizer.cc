// Puts the steps of the tokenizer together and lays tokens out as model inputs.
#include "text/tokenizer.h"

#include <utility>

#include "core/error.h"
#include "text/decode.h"

namespace albert::text {
namespace {

PreprocessOptions preprocessing_for(const TokenizerOptions& options) {
  return {.remove_space = options.remove_space,
          .replace_quotes = !options.google_rules,
          .strip_accents = !options.keep_accents,
          .lower_case = options.do_lower_case};
}

void check_length(std::u16string_view text) {
  constexpr size_t kMaxUnits = size_t{1} << 30;  // the longest string of any JavaScript engine
  if (text.size() <= kMaxUnits) return;
  throw Error(ErrorCode::kRange, "tokenizer: expected a text of at most 2^30 UTF-16 units, got " +
                                     std::to_string(text.size()) + "; split it");
}

void append_added(Encoding& encoding, int32_t id, int32_t type) {
  encoding.input_ids.push_back(id);
  encoding.token_type_ids.push_back(type);
  encoding.offsets.push_back({0, 0});
  encoding.sequence_ids.push_back(-1);
}

void append_sequence(Encoding& encoding, const TokenList& tokens, TokenRange range, int8_t number) {
  const auto begin = std::ptrdiff_t(range.begin), end = std::ptrdiff_t(range.end);
  const size_t size = encoding.input_ids.size() + (range.end - range.begin);
  encoding.input_ids.insert(encoding.input_ids.end(), tokens.ids.begin() + begin,
                            tokens.ids.begin() + end);
  encoding.offsets.insert(encoding.offsets.end(), tokens.offsets.begin() + begin,
                          tokens.offsets.begin() + end);
  encoding.token_type_ids.resize(size, number);
  encoding.sequence_ids.resize(size, number);
}

void reserve(Encoding& encoding, size_t size) {
  encoding.input_ids.reserve(size);
  encoding.token_type_ids.reserve(size);
  encoding.offsets.reserve(size);
  encoding.sequence_ids.reserve(size);
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_bytes(std::string_view model_proto,
                                                       const TokenizerOptions& options) {
  return std::make_shared<const Tokenizer>(parse_sentencepiece_model(model_proto), options);
}

Tokenizer::Tokenizer(SentencePieceModel model, const TokenizerOptions& options)
    : model_(std::move(model)),
      normalizer_(model_),
      unigram_(model_),
      special_(unigram_),
      preprocessing_(preprocessing_for(options)),
      google_rules_(options.google_rules) {
  model_.charsmap = {};  // the normalizer has its own copy
}

std::vector<Encoding> Tokenizer::encode(std::u16string_view text,
                                        std::optional<std::u16string_view> pair,
                                        const EncodeOptions& options) const {
  const bool with_special = options.add_special_tokens;
  const TokenList first = tokens_of(text, nullptr);
  std::optional<TokenList> second;
  if (pair) second = tokens_of(*pair, nullptr);
  const TokenCounts counts = count(first, second ? &*second : nullptr, with_special);

  std::vector<Encoding> encodings;
  for (const Window& window : plan_windows(counts, options)) {
    Encoding& encoding = encodings.emplace_back();
    reserve(encoding, counts.special + (window.first.end - window.first.begin) +
                          (window.second.end - window.second.begin));
    if (with_special) append_added(encoding, special_.cls, 0);
    append_sequence(encoding, first, window.first, 0);
    if (with_special) append_added(encoding, special_.sep, 0);
    if (!second) continue;
    append_sequence(encoding, *second, window.second, 1);
    if (with_special) append_added(encoding, special_.sep, 1);
  }
  return encodings;
}

TokenCounts Tokenizer::count(const TokenList& first, const TokenList* second,
                             bool with_special) const {
  if (with_special && (special_.cls < 0 || special_.sep < 0)) {
    throw Error(ErrorCode::kConfig,
                "tokenizer: the vocabulary has no [CLS] or no [SEP]; pass add_special_tokens: "
                "false, or use the spiece.model of an ALBERT model");
  }
  const size_t special = second != nullptr ? 3 : 2;
  return {.first = first.ids.size(),
          .second = second != nullptr ? second->ids.size() : 0,
          .has_second = second != nullptr,
          .special = with_special ? special : 0};
}

std::vector<std::string> Tokenizer::tokenize(std::u16string_view text) const {
  std::vector<std::string> surfaces;
  tokens_of(text, &surfaces);
  return surfaces;
}

std::vector<std::string> Tokenizer::preprocess_characters(std::u16string_view text) const {
  check_length(text);
  PreprocessOptions options = preprocessing_;
  options.remove_space = false;
  const AlignedText characters = from_utf16(text, 0);
  std::vector<std::string> results;
  results.reserve(characters.chars.size());
  for (size_t i = 0; i < characters.chars.size(); ++i) {
    AlignedText single;
    single.append(characters.chars[i], characters.source[i]);
    results.push_back(to_utf8(preprocess(std::move(single), options)).bytes);
  }
  return results;
}

TokenList Tokenizer::tokens_of(std::u16string_view text,
                               std::vector<std::string>* surfaces) const {
  check_length(text);
  std::vector<TextPart> parts = {{.range = {0, int32_t(text.size())}, .special_id = -1}};
  if (!google_rules_) parts = split_special_tokens(text, special_);
  const PieceEncoder encoder(normalizer_, unigram_, !google_rules_);
  TokenList tokens;
  for (const TextPart& part : parts) {
    if (part.special_id >= 0) {
      tokens.ids.push_back(part.special_id);
      tokens.offsets.push_back(part.range);
      if (surfaces != nullptr) surfaces->push_back(piece(part.special_id));
      continue;
    }
    const size_t begin = size_t(part.range.begin), end = size_t(part.range.end);
    AlignedText stretch = from_utf16(text.substr(begin, end - begin), part.range.begin);
    encoder.encode(preprocess(std::move(stretch), preprocessing_), tokens, surfaces);
  }
  return tokens;
}

std::u16string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens,
                                 bool clean_up_spaces) const {
  return text::decode(model_, ids,
                      {.skip_special_tokens = skip_special_tokens,
                       .clean_up_spaces = clean_up_spaces,
                       .unknown_is_special = !google_rules_});
}

const std::string& Tokenizer::piece(int32_t id) const {
  if (id >= 0 && id < vocab_size()) return model_.pieces[size_t(id)].text;
  throw Error(ErrorCode::kRange, "tokenizer: expected an id from 0 to " +
                                     std::to_string(vocab_size() - 1) + ", got " +
                                     std::to_string(id));
}

std::optional<int32_t> Tokenizer::find(std::string_view piece) const {
  const int32_t id = unigram_.find(piece);
  return id >= 0 ? std::optional(id) : std::nullopt;
}

std::vector<int32_t> Tokenizer::sentencepiece_ids(std::u16string_view text) const {
  check_length(text);
  std::vector<int32_t> ids;
  const AlignedBytes normalized = normalizer_.normalize(to_utf8(from_utf16(text, 0)));
  for (const Segment& segment : unigram_.segment(normalized.bytes)) ids.push_back(segment.id);
  return ids;
}

std::string Tokenizer::normalize(std::string_view utf8) const {
  AlignedBytes text;
  text.append(utf8, {0, 0});
  return normalizer_.normalize(text).bytes;
}

}  // namespace albert::text
