// Tells formats apart and finds the documents in them.
#include "data/corpus_reader.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "formats/json.h"
#include "text/unicode.h"
#include "text/utf.h"

namespace albert::data {

namespace {

/// Whether nothing of a line is left once it was stripped and lost its accents.
bool is_blank(std::string_view line) {
  while (!line.empty()) {
    const text::Utf8Character next = text::decode_utf8(line);
    if (!text::is_whitespace(next.code_point) && !text::is_combining(next.code_point)) return false;
    line.remove_prefix(next.size);
  }
  return true;
}

CorpusFormat detect_format(const std::string& path) {
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return CorpusFormat::kJsonLines;
  LineReader reader(path, {});
  for (std::string_view line; reader.next(line);) {
    if (is_blank(line)) continue;
    if (line.starts_with("<doc ") || line == "<doc>") return CorpusFormat::kWikiExtractor;
    break;
  }
  return CorpusFormat::kText;
}

bool is_space(char character) {
  return character == ' ' || character == '\t';
}

/// The first sentence of a text: through . ! or ? before a space.
std::string_view first_sentence(std::string_view text) {
  for (size_t end = text.find_first_of(".!?"); end != std::string_view::npos;
       end = text.find_first_of(".!?", end + 1)) {
    if (end + 1 < text.size() && is_space(text[end + 1])) return text.substr(0, end + 1);
  }
  return text;
}

}  // namespace

CorpusReader::CorpusReader(std::vector<std::string> files, const PretrainingSettings& settings)
    : files_(std::move(files)), settings_(settings.corpus), joins_files_(settings.original) {}

void CorpusReader::seek(const CorpusPosition& position) {
  reader_.reset();
  piece_.clear();
  piece_bytes_ = 0;
  position_ = position;
}

void CorpusReader::open_file() {
  const std::string& path = files_[size_t(position_.file)];
  format_ = settings_.format == CorpusFormat::kAuto ? detect_format(path) : settings_.format;
  reader_.emplace(path, position_.place);
}

bool CorpusReader::read(size_t bytes, std::vector<TextDocument>& documents) {
  collected_bytes_ = 0;
  while (collected_bytes_ < bytes) {
    if (position_.file == int64_t(files_.size())) {
      if (piece_.empty()) return false;
      finish(true, documents);
      return false;
    }
    if (!reader_) open_file();
    std::string_view line;
    if (!reader_->next(line)) {
      if (!joins_files_) finish(true, documents);
      reader_.reset();
      ++position_.file;
      position_.place = {};
      continue;
    }
    take_line(line, documents);
    position_.place = reader_->position();
    if (piece_bytes_ >= bytes) finish(false, documents);
  }
  return true;
}

void CorpusReader::take_line(std::string_view line, std::vector<TextDocument>& documents) {
  const bool blank = is_blank(line);
  switch (format_) {
    case CorpusFormat::kJsonLines:
      if (!blank) take_json(line, documents);
      return;
    case CorpusFormat::kWikiExtractor:
      if (line.starts_with("<doc ") || line == "<doc>" || line == "</doc>") {
        finish(true, documents);
      } else if (!blank) {
        add(line);
      }
      return;
    case CorpusFormat::kText:
    case CorpusFormat::kAuto:
      if (!blank) {
        add(line);
      } else if (settings_.blank_line_ends_document) {
        finish(true, documents);
      }
      return;
  }
}

void CorpusReader::take_json(std::string_view line, std::vector<TextDocument>& documents) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kFormat, files_[size_t(position_.file)] + ", line " +
                                        std::to_string(reader_->position().line) + ": " + what);
  };
  formats::JsonValue value;
  try {
    value = formats::parse_json(line);
  } catch (const Error& error) {
    refuse(std::string("not JSON lines: ") + error.what());
  }
  const formats::JsonValue* field = value.find(settings_.text_field);
  const std::string* text = field ? field->if_string() : nullptr;
  if (text == nullptr) {
    refuse("expected an object with a string " + formats::quote_for_message(settings_.text_field) +
           ", got " + (field ? field->kind() : value.kind()));
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (const std::string_view part = rest.substr(0, end); !is_blank(part)) add(part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  finish(true, documents);
}

void CorpusReader::add(std::string_view text) {
  piece_bytes_ += text.size();
  while (!text.empty()) {
    const std::string_view part = settings_.split_sentences ? first_sentence(text) : text;
    if (!is_blank(part)) piece_.emplace_back(part);
    text.remove_prefix(part.size());
  }
}

void CorpusReader::finish(bool ends, std::vector<TextDocument>& documents) {
  if (!position_.inside) {
    if (settings_.skip_first_line && !piece_.empty()) piece_.erase(piece_.begin());
    const bool counts = !piece_.empty() && piece_.size() >= size_t(settings_.min_document_segments);
    position_.wanted = counts && is_wanted(position_.documents);
    if (counts) ++position_.documents;
  }
  if (position_.wanted && !piece_.empty()) {
    collected_bytes_ += piece_bytes_;
    documents.push_back(std::move(piece_));
  }
  piece_.clear();
  piece_bytes_ = 0;
  position_.inside = !ends;
  position_.wanted = position_.wanted && !ends;
}

bool CorpusReader::is_wanted(int64_t ordinal) const {
  if (settings_.hold_out_every > 0) {
    const bool held_out = ordinal % settings_.hold_out_every == 0;
    if (held_out != settings_.held_out) return false;
  }
  return ordinal % settings_.world_size == settings_.rank;
}

}  // namespace albert::data
