// Documents of text files, in order: those that a reader's rank and settings leave to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/line_reader.h"
#include "data/pretraining_settings.h"

namespace albert::data {

/// Lines of text, or sentences; none is blank.
using TextDocument = std::vector<std::string>;

/// A place between two lines of a corpus, and what has to be known to read on from there.
struct CorpusPosition {
  int64_t file = 0;
  LinePosition place;
  int64_t documents = 0;  // counted so far, whoever they belong to
  bool inside = false;    // a document that was too long for one piece goes on here …
  bool wanted = false;    // … and is this reader's

  bool operator==(const CorpusPosition&) const = default;
};

/// Reads plain text (a sentence or paragraph a line, a blank line between documents),
/// WikiExtractor's `<doc …>` … `</doc>`, and JSON lines. Keeps at most one piece of a document.
class CorpusReader {
 public:
  CorpusReader(std::vector<std::string> files, const PretrainingSettings& settings);

  /// Appends documents until they have `bytes` of text; a longer document comes in several pieces.
  /// False at the end of the corpus. Throws Error{kFormat} naming file and line for what is no
  /// text, for JSON lines without the text field, and what opening a file throws.
  bool read(size_t bytes, std::vector<TextDocument>& documents);

  const CorpusPosition& position() const { return position_; }
  void seek(const CorpusPosition& position);

 private:
  void open_file();
  void take_line(std::string_view line, std::vector<TextDocument>& documents);
  void take_json(std::string_view line, std::vector<TextDocument>& documents);
  void add(std::string_view text);
  /// The piece that was collected becomes a document, if this reader wants it.
  void finish(bool ends, std::vector<TextDocument>& documents);
  bool is_wanted(int64_t ordinal) const;

  const std::vector<std::string> files_;
  const CorpusSettings settings_;
  const bool joins_files_;  // the end of a file ends no document
  CorpusPosition position_;
  std::optional<LineReader> reader_;
  CorpusFormat format_ = CorpusFormat::kText;  // of the open file
  TextDocument piece_;
  size_t collected_bytes_ = 0;  // in documents, since read() was called
  size_t piece_bytes_ = 0;
};

}  // namespace albert::data
