#include "query/copy_into_lines.h"

#include <algorithm>
#include <cstring>

namespace neurolake::query {
namespace {

constexpr size_t kStepsMax = 100'000;
constexpr int64_t kUnknown = -1;
constexpr size_t kSampleRecords = 100;

void AddStep(std::vector<LineMap::Step>& steps, int64_t number, int64_t line) {
  if (steps.size() >= kStepsMax) {
    if (steps.back().shift != kUnknown) steps.push_back({number, kUnknown});
    return;
  }
  const int64_t shift = line - number;
  if (steps.empty() || steps.back().shift != shift) steps.push_back({number, shift});
}

/// Walks a text by pieces and tells where each record starts. Quotes open only at the start of a field.
class RecordWalker {
 public:
  RecordWalker(const TextDialect& dialect, const std::set<int64_t>& rejected) : dialect_(dialect), rejected_(rejected) {
    skip_left_ = dialect.skip_lines;
    header_left_ = dialect.header;
  }

  void Take(std::string_view piece) {
    for (size_t at = 0; at < piece.size();) at = place_ == Place::kLineStart ? Line(piece, at) : Byte(piece, at);
  }
  LineMap Finish() {
    if (place_ != Place::kLineStart) EndRecord();
    return std::move(map_);
  }

 private:
  enum class Place : uint8_t { kLineStart, kFieldStart, kPlain, kQuoted, kQuoteInQuoted, kEscaped, kIgnored };

  char EndByte() const { return dialect_.carriage_return_ends ? '\r' : '\n'; }

  // At the start of a line: most lines have no quote and are passed over at once.
  size_t Line(std::string_view piece, size_t at) {
    const void* found = std::memchr(piece.data() + at, EndByte(), piece.size() - at);
    const size_t end =
        found == nullptr ? piece.size() : static_cast<size_t>(static_cast<const char*>(found) - piece.data());
    const std::string_view line = piece.substr(at, end - at);
    BeginLine(line);
    const bool quoted =
        place_ != Place::kIgnored && dialect_.quote != 0 && line.find(dialect_.quote) != std::string_view::npos;
    if (quoted) return at;
    if (found == nullptr) {
      if (place_ != Place::kIgnored && !line.empty()) {
        place_ = dialect_.delimiter == line.back() ? Place::kFieldStart : Place::kPlain;
      }
      return end;
    }
    EndRecord();
    return end + 1;
  }

  void BeginLine(std::string_view line) {
    start_line_ = line_;
    ignored_ = false;
    if (skip_left_ > 0) {
      --skip_left_;
      ignored_ = true;
    } else if (line.empty() || line == "\r" || (dialect_.comment != 0 && line[0] == dialect_.comment)) {
      ignored_ = true;
    }
    place_ = ignored_ ? Place::kIgnored : Place::kFieldStart;
  }

  size_t Byte(std::string_view piece, size_t at) {
    const char byte = piece[at];
    switch (place_) {
      case Place::kQuoted:
        if (byte == EndByte()) ++line_;
        if (byte == dialect_.escape && dialect_.escape != dialect_.quote) {
          place_ = Place::kEscaped;
        } else if (byte == dialect_.quote) {
          place_ = Place::kQuoteInQuoted;
        }
        return at + 1;
      case Place::kEscaped:
        if (byte == EndByte()) ++line_;
        place_ = Place::kQuoted;
        return at + 1;
      case Place::kQuoteInQuoted:
        place_ = byte == dialect_.quote && dialect_.escape == dialect_.quote ? Place::kQuoted : Place::kPlain;
        return place_ == Place::kQuoted ? at + 1 : at;
      default: break;
    }
    if (byte == EndByte()) {
      EndRecord();
    } else if (place_ == Place::kFieldStart && dialect_.quote != 0 && byte == dialect_.quote) {
      place_ = Place::kQuoted;
    } else if (place_ != Place::kIgnored) {
      place_ = byte == dialect_.delimiter ? Place::kFieldStart : Place::kPlain;
    }
    return at + 1;
  }

  void EndRecord() {
    ++reader_line_;
    AddStep(map_.by_reader_line, reader_line_, start_line_);
    if (!ignored_) {
      if (header_left_) {
        header_left_ = false;
      } else if (!rejected_.contains(reader_line_)) {
        AddStep(map_.by_row, ++map_.rows, start_line_);
      }
    }
    ++line_;
    place_ = Place::kLineStart;
  }

  const TextDialect& dialect_;
  const std::set<int64_t>& rejected_;
  LineMap map_;
  Place place_ = Place::kLineStart;
  bool ignored_ = false;
  bool header_left_ = false;
  int64_t skip_left_ = 0;
  int64_t line_ = 1;  // Of the byte being looked at.
  int64_t start_line_ = 1;
  int64_t reader_line_ = 0;
};

// A CR before the LF is part of the line end.
void TrimLineEnd(std::string& field) {
  if (!field.empty() && field.back() == '\r') field.pop_back();
}

}  // namespace

Result<LineMap> BuildLineMap(const SourceFile& file, FileCompression compression, const TextDialect& dialect,
                             const std::set<int64_t>& rejected) {
  RecordWalker walker(dialect, rejected);
  NL_RETURN_IF_ERROR(ReadText(file, compression, [&](std::string_view piece) {
    walker.Take(piece);
    return true;
  }));
  return walker.Finish();
}

Result<std::string> ReadBeginning(const SourceFile& file, FileCompression compression, size_t bytes) {
  std::string text;
  NL_RETURN_IF_ERROR(ReadText(file, compression, [&](std::string_view piece) {
    text.append(piece.substr(0, bytes - text.size()));
    return text.size() < bytes;
  }));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return MakeError(ErrorCode::kInvalidArgument, "the file {} is in UTF-16; convert it to UTF-8 first", file.name);
  }
  return text;
}

int64_t CountBlankLines(std::string_view text, const TextDialect& dialect) {
  int64_t lines = 0;
  const char line_end = dialect.carriage_return_ends ? '\r' : '\n';
  while (!text.empty() && (text[0] == line_end || text.starts_with("\r\n"))) {
    text.remove_prefix(text[0] == line_end ? 1 : 2);
    ++lines;
  }
  return lines;
}

std::vector<std::vector<std::string>> ParseRecords(std::string_view text, const TextDialect& dialect, size_t limit,
                                                   bool whole) {
  std::vector<std::vector<std::string>> records;
  const char line_end = dialect.carriage_return_ends ? '\r' : '\n';
  size_t at = 0;
  for (int64_t skipped = 0; skipped < dialect.skip_lines && at < text.size(); ++skipped) {
    at = std::min(text.find(line_end, at), text.size() - 1) + 1;
  }
  while (at < text.size() && records.size() < limit) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == line_end || rest.starts_with("\r\n") || (dialect.comment != 0 && rest[0] == dialect.comment)) {
      at = std::min(text.find(line_end, at), text.size() - 1) + 1;
      continue;
    }
    std::vector<std::string> fields(1);
    bool quoted = false;
    bool field_start = true;
    bool ended = false;
    for (; at < text.size() && !ended; ++at) {
      const char byte = text[at];
      const char next = at + 1 < text.size() ? text[at + 1] : '\0';
      if (quoted) {
        if (byte == dialect.escape && (next == dialect.quote || (next == dialect.escape && byte != dialect.quote))) {
          fields.back() += next;
          ++at;
        } else if (byte == dialect.quote) {
          quoted = false;
        } else {
          fields.back() += byte;
        }
        continue;
      }
      if (byte == line_end) {
        ended = true;
      } else if (byte == dialect.delimiter) {
        fields.emplace_back();
        field_start = true;
      } else if (field_start && dialect.quote != 0 && byte == dialect.quote) {
        quoted = true;
        field_start = false;
      } else {
        fields.back() += byte;
        field_start = false;
      }
    }
    TrimLineEnd(fields.back());
    if (ended || whole) records.push_back(std::move(fields));
  }
  return records;
}

char DetectDelimiter(std::string_view text, TextDialect dialect, bool whole) {
  char best = ',';
  double best_share = 0;
  size_t best_fields = 1;
  for (const char candidate : {',', ';', '\t', '|'}) {
    dialect.delimiter = candidate;
    const auto records = ParseRecords(text, dialect, kSampleRecords, whole);
    if (records.empty() || records[0].size() < 2) continue;
    const auto even =
        std::ranges::count_if(records, [&](const auto& record) { return record.size() == records[0].size(); });
    const double share = static_cast<double>(even) / static_cast<double>(records.size());
    if (share > best_share || (share == best_share && records[0].size() > best_fields)) {
      best = candidate;
      best_share = share;
      best_fields = records[0].size();
    }
  }
  return best;
}

std::string FromLatin1(const std::string& text) {
  std::string utf8;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x80) {
      utf8 += byte;
    } else {
      utf8 += static_cast<char>(0xC0 | (code >> 6));
      utf8 += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return utf8;
}

bool IsValidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || at + length > text.size()) return false;
    uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3F);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    at += length;
  }
  return true;
}

}  // namespace neurolake::query
