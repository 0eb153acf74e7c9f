// Reads a file in pieces and cuts them at line ends.
#include "data/line_reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/error.h"
#include "formats/utf8.h"

namespace albert::data {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 18;
constexpr size_t kLongestLine = size_t{1} << 24;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

LineReader::LineReader(std::string path, const LinePosition& start)
    : file_(std::move(path)), read_to_(start.offset), position_(start) {
  if (start.offset > file_.size()) {
    refuse("expected a file of at least " + std::to_string(start.offset) + " bytes, it has " +
           std::to_string(file_.size()) + "; it is not the file of the saved position");
  }
}

bool LineReader::next(std::string_view& line) {
  const size_t end = find_line_end();
  if (end == buffer_.size() && end == begin_) return false;
  line = std::string_view(buffer_).substr(begin_, end - begin_);
  const size_t next = std::min(end + 1, buffer_.size());
  check(line);
  if (position_.offset == 0 && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  position_.offset += next - begin_;
  ++position_.line;
  begin_ = next;
  return true;
}

/// The index of the line's \n in the buffer, or the buffer's end where the file ends.
size_t LineReader::find_line_end() {
  size_t searched = begin_;
  for (;;) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) return end;
    searched = buffer_.size() - begin_;  // fill() moves the line to the front
    if (searched > kLongestLine) refuse("a line of more than 16 MiB; is it a text file?");
    if (!fill()) return buffer_.size();
  }
}

bool LineReader::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t count = size_t(std::min<uint64_t>(kPieceBytes, file_.size() - read_to_));
  if (count == 0) return false;
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + count);
  file_.read(read_to_, std::as_writable_bytes(std::span(buffer_).subspan(old_size)));
  read_to_ += count;
  return true;
}

void LineReader::check(std::string_view line) const {
  if (line.find('\0') != std::string_view::npos) {
    refuse("a NUL byte: it is a binary file, not text");
  }
  const size_t valid = formats::valid_utf8_prefix(line);
  if (valid != line.size()) {
    refuse("invalid UTF-8 at byte " + std::to_string(valid) + " of the line; convert it to UTF-8");
  }
}

void LineReader::refuse(const std::string& what) const {
  throw Error(ErrorCode::kFormat,
              file_.path() + ", line " + std::to_string(position_.line + 1) + ": " + what);
}

}  // namespace albert::data
