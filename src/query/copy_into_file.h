#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "query/copy_into.h"

namespace neurolake::query {

enum class FileCompression : uint8_t { kNone, kGzip, kZstd };

/// What is known of a file's bytes before the engine reads it.
struct FileInspection {
  FileCompression compression = FileCompression::kNone;
  std::string content_hash;  ///< SHA-256 over the SHA-256s of its 16 MiB parts, in hexadecimal.
  int64_t size_bytes = 0;
  /// Which file it was, and when it was last written.
  uint64_t device = 0, inode = 0;
  int64_t modified_ns = 0;
};

/// Reads the whole file once, parts on two threads. A compressed text is also unpacked and checked to its end: the
/// engine takes a gzip or zstd file that was cut off for a shorter one, and would load half of it without a word.
/// `text`: whether it is CSV or JSON, so that compression is looked for.
/// Errors: kIoError if it cannot be read; kInvalidArgument for a compressed file that is cut off or damaged.
Result<FileInspection> InspectFile(const SourceFile& file, bool text, ProductSql& sql);

/// Errors: kIoError if the file is gone, is another one, or was written to since it was inspected.
Result<void> CheckSameFile(const SourceFile& file, const FileInspection& inspection);

/// Unpacks a file piece by piece into `take`, which gives false to stop early. Memory: 1 MiB.
/// Errors: as InspectFile, and what `take` could not know: nothing.
Result<void> ReadText(const SourceFile& file, FileCompression compression,
                      const std::function<bool(std::string_view)>& take);

/// Whether some lines end in CR LF and others in LF alone.
Result<bool> HasMixedLineEnds(const SourceFile& file, FileCompression compression);

struct JsonLines {
  int64_t deep_line = 0;          ///< The first that nests deeper than was asked for, counted from 1; 0: there is none.
  std::vector<std::string> keys;  ///< Of the objects themselves, each spelling once, in order of first appearance.
};
/// Looks through a file of JSON lines, to its end or its first deep line. Behind 100,000 keys only other spellings of
/// these are told.
Result<JsonLines> LookThroughJson(const SourceFile& file, FileCompression compression, int depth_max);

/// A load-once identity: its name without directories, its size and its content. A copy in another directory, or one
/// uploaded again under the same name, is the same file; the same bytes under another name are not.
std::string FileIdentity(const SourceFile& file, const FileInspection& inspection);

}  // namespace neurolake::query
