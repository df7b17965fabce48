#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/archive.h"
#include "audit/checkpoint.h"
#include "audit/log_files.h"
#include "audit/record.h"
#include "audit/signed_note.h"
#include "common/clock.h"
#include "common/descriptor.h"
#include "common/result.h"

namespace neurolake::audit {

class Segments;

/// An append-only log of records with a Merkle tree over them and signed checkpoints of it. A record is durable before
/// anybody is told that it was taken; those that come at the same time share one write and one sync. Thread-safe.
/// Source: docs/formats/audit.md.
class AuditLog {
 public:
  struct Options {
    std::string directory;     ///< "<lake>/audit"; made, 0700, if it is missing.
    std::string key_file;      ///< Of the key that signs; empty: `log.key` in the directory.
    std::string origin;        ///< Of a new log; empty: "neurolake/<id>".
    std::string witness_file;  ///< A second place for checkpoints, better on another machine; empty: none.
    std::chrono::milliseconds checkpoint_every{10'000};
    uint64_t records_per_segment = 1 << 16;  ///< A power of two; of a new log, one that has begun keeps its own.
    size_t kept_max = 100'000;               ///< Outcomes that wait for a disk with room again.
  };
  /// What opening met.
  struct Opened {
    std::unique_ptr<AuditLog> log;
    bool is_new = false;
    uint64_t torn_bytes = 0;  ///< Of a record that a crash left unfinished; they were set aside and recorded.
  };
  /// A place in the queue.
  class Ticket;

  /// Checks what was written since the last checkpoint, and the checkpoint itself. Borrows `clock` and `files`.
  /// Errors: kUnavailable where another process has it; kCorruption where records or checkpoints were changed, cut off
  /// or are of another log, or the witness remembers a log that this one does not continue; kPermissionDenied for a key
  /// that others may read; kDiskFull, kIoError.
  static Result<Opened> Open(Options options, const Clock& clock, LogFiles& files);
  static Result<Opened> Open(Options options, const Clock& clock);
  /// Writes what waits, and a checkpoint.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Returns the record's index when it is durable. Errors: kDiskFull, kIoError, kUnavailable: it is not in the log,
  /// and what it announces must not happen.
  Result<uint64_t> Append(const Record& record);
  /// Takes a record without waiting for the disk; Wait says what became of it. It is in the log before any record that
  /// is submitted later.
  Ticket Submit(const Record& record);
  Result<uint64_t> Wait(const Ticket& ticket);
  /// For what has happened already: tried again until it is written. Where more than `kept_max` wait, the newest are
  /// given up, and a record says how many.
  void Keep(const Record& record);

  /// Signs the tree as it is and puts it into `checkpoints`, `checkpoint` and the witness file. Returns the note.
  /// Nothing is written where the last one has the same size. Errors: of the disk; those of the witness are logged.
  Result<std::string> MakeCheckpoint();
  /// The last note that was made.
  std::string LastCheckpoint() const;
  VerifierKey verifier() const { return key_.verifier(); }

  uint64_t size() const;
  /// Lines as docs/formats/audit.md has them, without line feeds: from record `first` on, at most `count`.
  Result<std::vector<std::string>> Read(uint64_t first, uint64_t count) const;
  /// Errors: kInvalidArgument for a record or a size that the log does not have.
  Result<std::vector<Hash>> ProveInclusion(uint64_t index, uint64_t size) const;
  Result<std::vector<Hash>> ProveConsistency(uint64_t from, uint64_t to) const;
  Result<Hash> RootAt(uint64_t size) const;

  /// Where closed segments go, and are read from then. Borrows it; before the first read of one.
  void UseArchive(Archive& archive);
  /// Copies the oldest closed segment to the archive, if `rule` says so: it is compared with the signed tree before,
  /// and the copy after; then a record says where it went, and the file goes. Whatever of this fails or is cut off by a
  /// crash leaves the file, and the next call begins anew. Returns whether there was one. One caller at a time. Errors:
  /// kCorruption for a segment, here or there, that is not the one that was signed; the archive's; those of Append.
  Result<bool> ArchiveNext(const ArchiveRule& rule);

  struct Counters {
    uint64_t written = 0;           ///< Records since the start.
    uint64_t syncs = 0;             ///< Groups of them.
    uint64_t refused = 0;           ///< That were told that they are not in the log.
    uint64_t waiting = 0;           ///< Kept ones that wait for a disk with room.
    bool failing = false;           ///< The last write failed; it is tried again every second.
    uint64_t witness_failures = 0;  ///< Checkpoints that the witness file did not take.
    uint64_t archived = 0;          ///< Segments.
  };
  Counters counters() const;

 private:
  struct Batch;
  AuditLog(Options options, const Clock& clock, LogFiles& files, Descriptor lock, SigningKey key);
  Result<uint64_t> Recover(bool is_new);
  Result<Checkpoint> FindCheckpoint(bool is_new);
  Result<void> CheckWitness() const;
  std::string PathOf(const char* name) const { return options_.directory + "/" + name; }
  Ticket Enqueue(std::string body);
  void Run();
  /// Those who were just told that their record is durable may come with the next one at once: together they share a
  /// sync, one by one they would wait for two.
  void Gather(std::unique_lock<std::mutex>& lock, SteadyTime until);
  void WriteBatch(Batch& batch);
  /// What waits, and what has to be told of the time when nothing could be written.
  std::vector<std::string> Overdue(uint64_t& lost, uint64_t& refused) const;
  void NoteWritten(const Result<void>& written, size_t records);
  /// What came with an error is kept for the next turn, or told so.
  void Settle(Batch& batch, const Result<void>& written, uint64_t first);
  void MakeCheckpointIfDue();
  Result<void> StoreCheckpoint(const Checkpoint& checkpoint, const std::string& note);

  const Options options_;
  const Clock& clock_;
  LogFiles& files_;
  const Descriptor lock_;
  const SigningKey key_;
  const std::unique_ptr<Segments> segments_;
  Archive* archive_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Batch> queue_;
  size_t wanted_ = 0;  ///< The writer gathers until so many records wait, or until it has waited long enough.
  std::vector<std::string> kept_;  ///< Written before the queue.
  uint64_t lost_ = 0;
  uint64_t refused_ = 0;  ///< Since the log could be written.
  bool stopping_ = false;
  Counters counters_;

  mutable std::mutex checkpoint_mutex_;
  Checkpoint checkpoint_;
  std::string checkpoint_note_;
  SteadyTime checkpoint_due_;
  std::jthread writer_;
};

class AuditLog::Ticket {
 public:
  Ticket() = default;
  bool valid() const { return batch_ != nullptr; }

 private:
  friend class AuditLog;
  std::shared_ptr<Batch> batch_;
  size_t position_ = 0;
};

}  // namespace neurolake::audit
