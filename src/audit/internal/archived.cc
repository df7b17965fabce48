// Segments that went to the archive: what is left of them here, and how they get there.
#include <algorithm>

#include "audit/internal/segments.h"
#include "common/text.h"

namespace neurolake::audit {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;

std::string NameOf(const std::string& path) { return std::filesystem::path(path).filename().string(); }

/// The member `time` of a record, which comes behind the index.
std::string TimeOf(std::string_view line) {
  constexpr std::string_view kMember = "\"time\":\"";
  const size_t begin = line.find(kMember);
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin + kMember.size());
  return std::string(line.substr(0, line.find('"')));
}

}  // namespace

bool Segments::IsArchived(uint64_t segment) const {
  std::error_code ignored;
  return std::filesystem::exists(PathOf(segment, ".archived"), ignored);
}

Result<std::string> Segments::ReadSegment(uint64_t segment, uint64_t begin, uint64_t bytes) const {
  auto text = ReadFile(PathOf(segment), begin, bytes);
  if (text || text.error().code() != ErrorCode::kNotFound || !IsArchived(segment)) return text;
  const Archive* archive = archive_.load();
  if (archive == nullptr) {
    return MakeError(ErrorCode::kUnavailable,
                     "a segment of the audit log is in an archive, which audit.archive does not name: {}",
                     NameOf(PathOf(segment)));
  }
  return archive->Read(NameOf(PathOf(segment)), begin, bytes);
}

Result<void> Segments::KeepIndex(uint64_t segment, const Scan& scan) const {
  TreeEdge edge;
  for (const IndexEntry& entry : scan.entries) edge.Append(entry.leaf);
  NL_ASSIGN_OR_RETURN(const Hash root,
                      Subtree(segment * options_.records_per_segment, (segment + 1) * options_.records_per_segment));
  if (scan.entries.size() != options_.records_per_segment || edge.Root() != root) {
    return MakeError(ErrorCode::kCorruption, "a segment of the audit log is not the one that was signed, {}: {}",
                     "in the archive", NameOf(PathOf(segment)));
  }
  return WriteIndex(segment, scan.entries);
}

Result<std::optional<Segments::Closed>> Segments::NextToArchive(const ArchiveRule& rule,
                                                                uint64_t signed_records) const {
  const uint64_t closed = std::min<uint64_t>(signed_records, size()) / options_.records_per_segment;
  uint64_t local_bytes = 0;
  std::vector<uint64_t> local;
  for (uint64_t segment = 0; segment < closed; ++segment) {
    const auto bytes = FileSize(PathOf(segment));
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound && IsArchived(segment)) continue;
    if (!bytes) return std::unexpected(bytes.error());
    local.push_back(segment);
    local_bytes += *bytes;
  }
  if (local.empty()) return std::nullopt;
  const uint64_t oldest = local.front();
  const bool too_much = rule.bytes_most > 0 && local_bytes > rule.bytes_most;
  bool old = false;
  if (!rule.before.empty()) {
    NL_ASSIGN_OR_RETURN(const auto last, Read((oldest + 1) * options_.records_per_segment - 1, 1));
    const std::string time = last.empty() ? "" : TimeOf(last[0]);
    old = !time.empty() && time < rule.before;
  }
  // Also what a crash left between the mark and the removal.
  if (!too_much && !old && !IsArchived(oldest)) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const uint64_t bytes, FileSize(PathOf(oldest)));
  return Closed{.segment = oldest, .name = NameOf(PathOf(oldest)), .path = PathOf(oldest), .bytes = bytes};
}

Result<std::vector<Segments::IndexEntry>> Segments::CheckRoot(const Closed& closed, const ReadPiece& read,
                                                              std::string_view where) const {
  NL_ASSIGN_OR_RETURN(Scan scan, ScanLines(closed.segment, read));
  TreeEdge edge;
  for (const IndexEntry& entry : scan.entries) edge.Append(entry.leaf);
  NL_ASSIGN_OR_RETURN(const Hash root, Subtree(closed.segment * options_.records_per_segment,
                                               (closed.segment + 1) * options_.records_per_segment));
  const bool whole = !scan.entries.empty() && scan.entries.back().end == scan.file_bytes;
  if (scan.entries.size() == options_.records_per_segment && whole && edge.Root() == root)
    return std::move(scan.entries);
  return MakeError(ErrorCode::kCorruption, "a segment of the audit log is not the one that was signed, {}: {}", where,
                   closed.name);
}

Result<void> Segments::CopyToArchive(const Closed& closed, Archive& archive) const {
  // A segment that somebody changed stays where he who looks for it looks.
  NL_RETURN_IF_ERROR(CheckRoot(
      closed, [&](uint64_t begin) { return ReadFile(closed.path, begin, kReadBytes); }, "in the log's directory"));
  NL_RETURN_IF_ERROR(archive.Store(closed.name, closed.path));
  NL_ASSIGN_OR_RETURN(
      const auto entries,
      CheckRoot(
          closed, [&](uint64_t begin) { return archive.Read(closed.name, begin, kReadBytes); }, "in the archive"));
  // With its leaves here, every proof can be made without the archive.
  NL_RETURN_IF_ERROR(WriteIndex(closed.segment, entries));
  return ReplaceFile(PathOf(closed.segment, ".archived"),
                     fmt::format("neurolake-archived-segment 1\nplace {}\nname {}\nbytes {}\n", archive.place(),
                                 closed.name, closed.bytes));
}

Result<void> Segments::RemoveArchived(const Closed& closed) { return files_.Remove(closed.path); }

}  // namespace neurolake::audit
