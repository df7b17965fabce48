#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "query/copy_into_file.h"

namespace neurolake::query {

/// How the lines of a text file are cut. For JSON lines: no quote, no header.
struct TextDialect {
  char delimiter = ',';
  char quote = '"';  ///< 0: none.
  char escape = '"';
  char comment = 0;  ///< 0: none. Only at the start of a line.
  bool header = true;
  int64_t skip_lines = 0;
  bool carriage_return_ends = false;  ///< Lines end in CR alone.
};

/// Which line of the file a row stands on, for quarantine. The engine knows a CSV row by its number among the rows it
/// took, or by a line number that counts a value of several lines once; people count lines as an editor does.
/// Both maps are steps: the line is number + shift for numbers from `first` on; shift -1 says "not known".
struct LineMap {
  struct Step {
    int64_t first = 0;
    int64_t shift = 0;
  };
  std::vector<Step> by_row;          ///< Of rows the reader took, counted from 1.
  std::vector<Step> by_reader_line;  ///< Of the reader's own line numbers, from 1.
  int64_t rows = 0;                  ///< Records, header and rejected ones not counted.
};

/// Reads the file once. `rejected` are the reader's line numbers of records it did not take.
/// A step list stops growing at 100,000 steps; lines behind it are not known.
Result<LineMap> BuildLineMap(const SourceFile& file, FileCompression compression, const TextDialect& dialect,
                             const std::set<int64_t>& rejected);

/// The first bytes of a text file, unpacked, without a byte order mark.
Result<std::string> ReadBeginning(const SourceFile& file, FileCompression compression, size_t bytes);

/// Lines without anything in them at the start of `text`. The engine takes the first of them for the header.
int64_t CountBlankLines(std::string_view text, const TextDialect& dialect);

/// Fields of the records at the start of `text` behind the skipped lines, at most `limit`; the header is one of them.
/// A record that `text` does not have to its end is left out unless it is the only one and `whole` says that the file
/// ends there.
std::vector<std::vector<std::string>> ParseRecords(std::string_view text, const TextDialect& dialect, size_t limit,
                                                   bool whole);

/// The delimiter that cuts the first records most evenly: one of , ; tab |. A comma if none cuts at all.
char DetectDelimiter(std::string_view text, TextDialect dialect, bool whole);

/// A text in ISO 8859-1 as UTF-8.
std::string FromLatin1(const std::string& text);

/// Whether `text` is UTF-8 as RFC 3629 has it: no surrogates, no longer forms than needed, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);

}  // namespace neurolake::query
