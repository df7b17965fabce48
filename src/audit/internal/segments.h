#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "audit/archive.h"
#include "audit/checkpoint.h"
#include "audit/log_files.h"
#include "audit/merkle.h"

namespace neurolake::audit {

/// A log's records on disk, and the Merkle tree over them: `<first index, 20 digits>.jsonl` holds a line for each
/// record,
/// `.index` beside it 40 bytes for each: its leaf hash, and where its line ends. `roots` holds the roots of full
/// segments. Only lines are evidence; the rest is made anew from them where it is missing. Of a segment in the archive
/// `.archived` says so, and the leaves in `.index` stay, which the signed root proves as well. One thread writes;
/// others read at the same time.
class Segments {
 public:
  struct Options {
    std::string directory;
    uint64_t records_per_segment = 1 << 16;  ///< A power of two.
  };
  Segments(Options options, LogFiles& files);
  /// How many records the segments in `directory` have: what their names say. Of a log that has one alone it is
  /// `wished`, or what that one has room for. Errors: kIoError.
  static Result<uint64_t> RecordsPerSegment(const std::string& directory, uint64_t wished);

  /// Reads what is there and compares it with the last checkpoint; checks each record behind that. What is no whole
  /// record behind the last one is put into `torn_path` and cut off; returns how many bytes.
  /// Errors: kCorruption for anything else.
  Result<uint64_t> Load(const Checkpoint& checkpoint, const std::string& torn_path);

  /// All of these records in the order given, durable, or none of them. After an error that leaves it unknown what is
  /// on the disk every further call fails. Errors: kDiskFull; kIoError; kUnavailable.
  Result<void> Write(std::span<const std::string> bodies);

  uint64_t size() const;
  /// Size and root of what is durable.
  std::pair<uint64_t, Hash> Head() const;
  /// Lines without line feeds, from record `first` on, at most `count`.
  Result<std::vector<std::string>> Read(uint64_t first, uint64_t count) const;
  /// Of the first `size` records. Errors: kInvalidArgument for more than there are.
  Result<Hash> RootAt(uint64_t size) const;
  Result<Hash> Subtree(uint64_t begin, uint64_t end) const;

  /// Where segments are read that are not here any more. Borrows it.
  void UseArchive(const Archive& archive) { archive_ = &archive; }
  /// A full segment that is here.
  struct Closed {
    uint64_t segment = 0;
    std::string name;
    std::string path;
    uint64_t bytes = 0;
  };
  /// The oldest one here, if it is to go: by the rule, or as it has gone already but for its removal. Of records that a
  /// checkpoint covers alone. Errors: kIoError; kCorruption.
  Result<std::optional<Closed>> NextToArchive(const ArchiveRule& rule, uint64_t signed_records) const;
  /// Checks it against the signed tree, copies it, reads the copy back and checks that, and marks it durably as
  /// archived. Errors: kCorruption where one of them is not what was signed; the archive's.
  Result<void> CopyToArchive(const Closed& closed, Archive& archive) const;
  /// After CopyToArchive.
  Result<void> RemoveArchived(const Closed& closed);

 private:
  struct IndexEntry {
    Hash leaf;
    uint64_t end = 0;
  };
  /// What a scan of one segment found.
  struct Scan {
    std::vector<IndexEntry> entries;
    uint64_t file_bytes = 0;
  };
  /// A part of a batch: what goes to one segment.
  struct Chunk {
    uint64_t segment = 0;
    std::string bytes;
    std::vector<IndexEntry> entries;
  };

  std::string PathOf(uint64_t segment, const char* suffix = ".jsonl") const;
  /// The first records of the segments in a directory, here and in the archive.
  static Result<std::set<uint64_t>> ListFirsts(const std::string& directory);
  Result<uint64_t> CountFiles() const;
  /// A piece of a segment from `begin` on; empty at its end.
  using ReadPiece = std::function<Result<std::string>(uint64_t begin)>;
  Result<Scan> ScanSegment(uint64_t segment) const;
  Result<Scan> ScanLines(uint64_t segment, const ReadPiece& read) const;
  /// The leaves of an archived segment, from its index alone.
  Result<Scan> ScanIndex(uint64_t segment) const;
  bool IsArchived(uint64_t segment) const;
  /// Of an archived segment whose index was lost: what the archive has is to be what was signed.
  Result<void> KeepIndex(uint64_t segment, const Scan& scan) const;
  Result<std::string> ReadSegment(uint64_t segment, uint64_t begin, uint64_t bytes) const;
  static std::vector<IndexEntry> DecodeEntries(std::string_view bytes);
  /// What the segment's lines are, if they are those of the tree.
  Result<std::vector<IndexEntry>> CheckRoot(const Closed& closed, const ReadPiece& read, std::string_view where) const;
  /// Takes segments from `first` on into the tree. Returns whether the tree had the checkpoint's root at its size.
  Result<bool> ScanFrom(uint64_t first, uint64_t count, const Checkpoint& checkpoint, uint64_t& torn_bytes,
                        const std::string& torn_path);
  Result<uint64_t> CutTorn(uint64_t segment, const Scan& scan, const std::string& torn_path);
  Result<std::vector<Hash>> ReadRoots(uint64_t count) const;
  std::vector<Chunk> Split(std::span<const std::string> bodies) const;
  Result<void> WriteChunk(const Chunk& chunk);
  Result<void> OpenSegment(uint64_t segment);
  Result<void> UndoFrom(const Chunk& first, uint64_t bytes_before, uint64_t segments_before);
  void Take(const Chunk& chunk);
  /// Leaf hashes and ends of records [first, last) of a segment.
  Result<std::vector<IndexEntry>> ReadIndex(uint64_t segment, uint64_t first, uint64_t last) const;
  Result<void> WriteIndex(uint64_t segment, std::span<const IndexEntry> entries) const;

  const Options options_;
  LogFiles& files_;
  std::atomic<const Archive*> archive_ = nullptr;
  mutable std::shared_mutex mutex_;  ///< Over the tree; files grow only.
  TreeEdge edge_;
  TreeEdge segment_edge_;  ///< Of the segment that grows.
  std::vector<Hash> roots_;
  // The writer's own.
  std::unique_ptr<LogFile> file_;
  std::unique_ptr<LogFile> index_;
  uint64_t segment_ = 0;
  uint64_t segment_bytes_ = 0;
  bool unknown_ = false;
};

}  // namespace neurolake::audit
