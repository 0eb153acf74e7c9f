// Tokenizes documents on several threads.
#include "data/segment_encoder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "formats/crc32c.h"
#include "text/utf.h"

namespace albert::data {

namespace {

constexpr std::string_view kMarks = "!\"#$%&\"()*+,-./:;?@[\\]^_`{|}~";

bool is_plain(char byte) {
  const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
  return letter || kMarks.find(byte) != std::string_view::npos;
}

int32_t required(int32_t id, const char* token) {
  if (id >= 0) return id;
  throw Error(ErrorCode::kConfig, std::string("pretraining data: the vocabulary has no ") + token +
                                      "; use the spiece.model of an ALBERT model, or train one "
                                      "with the control symbols [CLS], [SEP] and [MASK]");
}

}  // namespace

bool starts_word(std::string_view piece) {
  if (piece.starts_with(text::kSpaceSymbol) || piece.starts_with('<')) return true;
  if (piece.size() == 1 && kMarks.find(piece[0]) != std::string_view::npos) return true;
  return !std::all_of(piece.begin(), piece.end(), is_plain);
}

SegmentEncoder::SegmentEncoder(std::shared_ptr<const text::Tokenizer> tokenizer)
    : tokenizer_(std::move(tokenizer)) {
  const text::SpecialTokens& special = tokenizer_->special_tokens();
  vocabulary_ = {.cls = required(special.cls, "[CLS]"),
                 .sep = required(special.sep, "[SEP]"),
                 .mask = required(special.mask, "[MASK]"),
                 .size = tokenizer_->vocab_size()};
  std::string all;
  for (int32_t id = 0; id < vocabulary_.size; ++id) {
    const std::string& piece = tokenizer_->piece(id);
    starts_word_.push_back(starts_word(piece));
    all += piece + '\n';
  }
  checksum_ = formats::crc32c(std::as_bytes(std::span(all)));
}

Segment SegmentEncoder::encode_line(std::string_view line) const {
  const std::u16string units = text::to_utf16(line);
  const text::EncodeOptions options{.add_special_tokens = false};
  const std::vector<int32_t> ids = tokenizer_->encode(units, {}, options).front().input_ids;
  const int32_t unknown = tokenizer_->special_tokens().unknown;
  std::vector<std::string> surfaces;  // an unknown piece's word start is in its text, not its id
  if (std::find(ids.begin(), ids.end(), unknown) != ids.end()) {
    surfaces = tokenizer_->tokenize(units);
  }
  Segment segment;
  segment.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool starts =
        ids[i] == unknown ? starts_word(surfaces[i]) : bool(starts_word_[size_t(ids[i])]);
    segment.push_back({ids[i], starts});
  }
  return segment;
}

Document SegmentEncoder::encode_document(const TextDocument& lines, const Workers& workers) const {
  Document document;
  for (const std::string& line : lines) {
    if (workers.stopped()) break;
    Segment segment = encode_line(line);
    if (!segment.empty()) document.push_back(std::move(segment));
  }
  return document;
}

std::vector<Document> SegmentEncoder::encode(const std::vector<TextDocument>& documents,
                                             const Workers& workers) const {
  std::vector<Document> encoded(documents.size());
  workers.pool.parallel_for(int64_t(documents.size()), workers.width, [&](int64_t index) {
    encoded[size_t(index)] = encode_document(documents[size_t(index)], workers);
  });
  if (workers.stopped()) throw Error(ErrorCode::kAborted, "pretraining data: stopped");
  std::erase_if(encoded, [](const Document& document) { return document.empty(); });
  return encoded;
}

}  // namespace albert::data
