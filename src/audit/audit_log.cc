#include "audit/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>

#include "audit/internal/segments.h"
#include "common/ids.h"
#include "common/log.h"

namespace neurolake::audit {
namespace {

/// Enough for the last note and what a crash left of the next.
constexpr uint64_t kNotesTailBytes = 1 << 16;
/// How long the writer sleeps when nothing comes; a checkpoint is as late as that at most.
constexpr std::chrono::seconds kIdle{1};
/// The writer waits for more to come for this part of what the last sync took, and no longer than that.
constexpr int kGatherShare = 8;
constexpr std::chrono::microseconds kGatherMost{500};

/// The last note in a file of them. An empty one where there is no file.
Result<LastNote> ReadLastNote(const std::string& path) {
  const auto size = FileSize(path);
  if (!size && size.error().code() == ErrorCode::kNotFound) return LastNote();
  if (!size) return std::unexpected(size.error());
  const uint64_t begin = *size > kNotesTailBytes ? *size - kNotesTailBytes : 0;
  NL_ASSIGN_OR_RETURN(const std::string tail, ReadFile(path, begin));
  LastNote last = FindLastNote(tail);
  if (last.valid_bytes > 0) last.valid_bytes += begin;
  return last;
}

Result<Descriptor> TakeLock(const std::string& path) {
  Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return MakeError(ErrorCode::kIoError, "the audit log cannot be locked, errno {}: {}", errno, path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return MakeError(ErrorCode::kUnavailable, "another process writes the audit log: {}", path);
  }
  return lock;
}

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

/// The key of the log. A log that lost its key is not given a new one: nobody could tell it from a forged log.
Result<SigningKey> OpenKey(const AuditLog::Options& options, const std::string& path, bool has_log) {
  auto text = ReadSecretFile(path);
  if (!text && text.error().code() == ErrorCode::kNotFound) {
    if (has_log) return MakeError(ErrorCode::kCorruption, "the key that signs the audit log is not there: {}", path);
    NL_ASSIGN_OR_RETURN(const SigningKey key,
                        SigningKey::Make(options.origin.empty() ? "neurolake/" + NewUuid() : options.origin));
    NL_RETURN_IF_ERROR(CreateFile(path, key.ToText() + "\n"));
    text = ReadSecretFile(path);
  }
  if (!text) return std::unexpected(std::move(text).error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return SigningKey::FromText(*text);
}

}  // namespace

/// Records that become durable together.
struct AuditLog::Batch {
  std::vector<std::string> bodies;
  std::vector<bool> kept;  ///< By Keep: nobody waits for it.
  std::atomic<uint32_t> done = 0;
  uint64_t first = 0;
  std::optional<Error> error;
};

AuditLog::AuditLog(Options options, const Clock& clock, LogFiles& files, Descriptor lock, SigningKey key)
    : options_(std::move(options)),
      clock_(clock),
      files_(files),
      lock_(std::move(lock)),
      key_(std::move(key)),
      segments_(std::make_unique<Segments>(
          Segments::Options{.directory = PathOf("segments"), .records_per_segment = options_.records_per_segment},
          files)),
      queue_(std::make_shared<Batch>()),
      checkpoint_due_(clock.SteadyNow() + options_.checkpoint_every) {}

Result<AuditLog::Opened> AuditLog::Open(Options options, const Clock& clock) {
  static const std::unique_ptr<LogFiles> files = PosixLogFiles();
  return Open(std::move(options), clock, *files);
}

Result<AuditLog::Opened> AuditLog::Open(Options options, const Clock& clock, LogFiles& files) {
  if (!std::has_single_bit(options.records_per_segment)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a segment of the audit log has a power of two of records (audit.segment_records): {}",
                     options.records_per_segment);
  }
  for (const std::string& folder : {options.directory, options.directory + "/segments"}) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (!failure) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    if (failure) {
      return MakeError(ErrorCode::kIoError, "the audit log's directory cannot be made, {}: {}", failure.message(),
                       folder);
    }
  }
  NL_ASSIGN_OR_RETURN(Descriptor lock, TakeLock(options.directory + "/lock"));
  const std::string key_path = options.key_file.empty() ? options.directory + "/log.key" : options.key_file;
  std::error_code ignored;
  const bool is_new = std::filesystem::is_empty(options.directory + "/segments", ignored) &&
                      !IsThere(options.directory + "/checkpoints") && !IsThere(options.directory + "/checkpoint");
  NL_ASSIGN_OR_RETURN(SigningKey key, OpenKey(options, key_path, !is_new));
  NL_ASSIGN_OR_RETURN(options.records_per_segment,
                      Segments::RecordsPerSegment(options.directory + "/segments", options.records_per_segment));
  Opened opened;
  opened.is_new = is_new;
  opened.log.reset(new AuditLog(std::move(options), clock, files, std::move(lock), std::move(key)));
  AuditLog& log = *opened.log;
  NL_ASSIGN_OR_RETURN(opened.torn_bytes, log.Recover(is_new));
  log.writer_ = std::jthread([&log] { log.Run(); });
  if (opened.torn_bytes > 0) {
    NL_RETURN_IF_ERROR(log.Append({.type = RecordType::kRecovered,
                                   .time = clock.Now(),
                                   .details = {{"bytes_set_aside", std::to_string(opened.torn_bytes)}}}));
  }
  return opened;
}

Result<Checkpoint> AuditLog::FindCheckpoint(bool is_new) {
  if (is_new) {
    // From the beginning on a log has a checkpoint, so that one without was robbed of it.
    const Checkpoint none{.origin = key_.verifier().name(), .size = 0, .root = TreeEdge().Root()};
    checkpoint_note_ = key_.Sign(FormatCheckpoint(none));
    NL_RETURN_IF_ERROR(StoreCheckpoint(none, checkpoint_note_));
    return none;
  }
  NL_ASSIGN_OR_RETURN(const LastNote last, ReadLastNote(PathOf("checkpoints")));
  if (last.note.empty()) return MakeError(ErrorCode::kCorruption, "the checkpoints of the audit log are not there");
  NL_ASSIGN_OR_RETURN(Checkpoint checkpoint, OpenCheckpoint(last.note, key_.verifier()));
  const auto latest_note = ReadFile(PathOf("checkpoint"));
  if (latest_note) {
    NL_ASSIGN_OR_RETURN(const Checkpoint latest, OpenCheckpoint(*latest_note, key_.verifier()));
    // It is written after the other.
    if (latest.size > checkpoint.size) {
      return MakeError(ErrorCode::kCorruption, "the last checkpoints of the audit log were cut off: {} of {} records",
                       checkpoint.size, latest.size);
    }
  }
  NL_ASSIGN_OR_RETURN(const uint64_t bytes, FileSize(PathOf("checkpoints")));
  if (bytes > last.valid_bytes) {
    NL_ASSIGN_OR_RETURN(const auto file, files_.OpenForAppend(PathOf("checkpoints")));
    NL_RETURN_IF_ERROR(file->Truncate(last.valid_bytes));
  }
  NL_RETURN_IF_ERROR(ReplaceFile(PathOf("checkpoint"), last.note));
  checkpoint_note_ = last.note;
  return checkpoint;
}

Result<void> AuditLog::CheckWitness() const {
  if (options_.witness_file.empty()) return {};
  NL_ASSIGN_OR_RETURN(const LastNote last, ReadLastNote(options_.witness_file));
  if (last.note.empty()) return {};
  const auto opened = OpenCheckpoint(last.note, key_.verifier());
  if (!opened) {
    return MakeError(ErrorCode::kCorruption,
                     "the witness of the audit log has seen another log in this place, or another key: {}",
                     options_.witness_file);
  }
  const Checkpoint& witnessed = *opened;
  if (witnessed.size > segments_->size()) {
    return MakeError(ErrorCode::kCorruption,
                     "the audit log was rolled back: its witness has seen {} records, and it has {}", witnessed.size,
                     segments_->size());
  }
  NL_ASSIGN_OR_RETURN(const Hash root, segments_->RootAt(witnessed.size));
  if (root == witnessed.root) return {};
  return MakeError(ErrorCode::kCorruption,
                   "the audit log is not the one that its witness has seen: among the first {} records some are others",
                   witnessed.size);
}

Result<uint64_t> AuditLog::Recover(bool is_new) {
  NL_RETURN_IF_ERROR(ReplaceFile(PathOf("log.vkey"), key_.verifier().ToText() + "\n"));
  // Before a new log's first checkpoint goes there.
  if (is_new) NL_RETURN_IF_ERROR(CheckWitness());
  NL_ASSIGN_OR_RETURN(checkpoint_, FindCheckpoint(is_new));
  const std::string torn_path = PathOf("segments") + "/torn-" + NewUuid();
  NL_ASSIGN_OR_RETURN(const uint64_t torn, segments_->Load(checkpoint_, torn_path));
  NL_RETURN_IF_ERROR(CheckWitness());
  return torn;
}

AuditLog::~AuditLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (!writer_.joinable()) return;  // It was not opened.
  writer_.join();
  if (auto made = MakeCheckpoint(); !made) {
    Log(LogLevel::kError, "the audit log's last checkpoint was not made", {}, {{"reason", made.error().message()}});
  }
}

AuditLog::Ticket AuditLog::Enqueue(std::string body) {
  std::lock_guard lock(mutex_);
  Ticket ticket;
  ticket.batch_ = queue_;
  ticket.position_ = queue_->bodies.size();
  queue_->bodies.push_back(std::move(body));
  queue_->kept.push_back(false);
  if (ticket.position_ == 0 || queue_->bodies.size() == wanted_) changed_.notify_all();
  return ticket;
}

Result<uint64_t> AuditLog::Append(const Record& record) { return Wait(Submit(record)); }

AuditLog::Ticket AuditLog::Submit(const Record& record) { return Enqueue(EncodeRecord(record)); }

Result<uint64_t> AuditLog::Wait(const Ticket& ticket) {
  ticket.batch_->done.wait(0);
  if (ticket.batch_->error) return std::unexpected(*ticket.batch_->error);
  return ticket.batch_->first + ticket.position_;
}

void AuditLog::Keep(const Record& record) {
  std::string body = EncodeRecord(record);
  std::lock_guard lock(mutex_);
  if (kept_.size() + queue_->bodies.size() >= options_.kept_max) {
    ++lost_;
    return;
  }
  queue_->bodies.push_back(std::move(body));
  queue_->kept.push_back(true);
  if (queue_->bodies.size() == 1 || queue_->bodies.size() == wanted_) changed_.notify_all();
}

void AuditLog::Gather(std::unique_lock<std::mutex>& lock, SteadyTime until) {
  const auto enough = [this] { return stopping_ || queue_->bodies.size() >= wanted_; };
  const auto left = until - clock_.SteadyNow();
  if (left > SteadyTime::duration::zero() && !enough()) changed_.wait_for(lock, left, enough);
}

void AuditLog::Run() {
  std::unique_lock lock(mutex_);
  SteadyTime gather_until = clock_.SteadyNow();
  for (;;) {
    changed_.wait_for(lock, kIdle, [this] { return stopping_ || !queue_->bodies.empty(); });
    if (!queue_->bodies.empty()) Gather(lock, gather_until);
    const bool has_work = !queue_->bodies.empty() || !kept_.empty() || lost_ > 0 || refused_ > 0;
    if (!has_work && stopping_) return;
    std::shared_ptr<Batch> batch;
    if (has_work) batch = std::exchange(queue_, std::make_shared<Batch>());
    lock.unlock();
    const SteadyTime begun = clock_.SteadyNow();
    if (batch != nullptr) WriteBatch(*batch);
    const SteadyTime ended = clock_.SteadyNow();
    MakeCheckpointIfDue();
    lock.lock();
    // A disk that is full stays so: the end of the process does not wait for it.
    if (stopping_ && queue_->bodies.empty()) return;
    wanted_ = queue_->bodies.size() + (batch == nullptr ? 0 : batch->bodies.size());
    gather_until = ended + std::min<SteadyTime::duration>((ended - begun) / kGatherShare, kGatherMost);
  }
}

std::vector<std::string> AuditLog::Overdue(uint64_t& lost, uint64_t& refused) const {
  std::vector<std::string> bodies;
  {
    std::lock_guard lock(mutex_);
    bodies = kept_;
    lost = lost_;
    refused = refused_;
  }
  const auto tell = [&](RecordType type, uint64_t records) {
    if (records == 0) return;
    bodies.push_back(
        EncodeRecord({.type = type, .time = clock_.Now(), .details = {{"records", std::to_string(records)}}}));
  };
  tell(RecordType::kLost, lost);
  tell(RecordType::kRefused, refused);
  return bodies;
}

void AuditLog::WriteBatch(Batch& batch) {
  uint64_t lost = 0, refused = 0;
  std::vector<std::string> bodies = Overdue(lost, refused);
  const size_t before = bodies.size();
  bodies.insert(bodies.end(), batch.bodies.begin(), batch.bodies.end());
  const uint64_t first = segments_->size();
  const auto written = segments_->Write(bodies);
  NoteWritten(written, bodies.size());
  if (written) {
    std::lock_guard lock(mutex_);
    kept_.clear();
    // What was added meanwhile is told next time.
    lost_ -= lost;
    refused_ -= refused;
  }
  Settle(batch, written, first + before);
}

void AuditLog::NoteWritten(const Result<void>& written, size_t records) {
  bool changed = false;
  {
    std::lock_guard lock(mutex_);
    changed = counters_.failing == written.has_value();
    counters_.failing = !written.has_value();
    if (written) {
      counters_.written += records;
      ++counters_.syncs;
    }
  }
  if (!changed) return;
  if (written) {
    Log(LogLevel::kInfo, "the audit log can be written again", {}, {});
  } else {
    Log(LogLevel::kError, "the audit log cannot be written; statements are refused", {},
        {{"reason", written.error().message()}});
  }
}

void AuditLog::Settle(Batch& batch, const Result<void>& written, uint64_t first) {
  if (!written) {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < batch.bodies.size(); ++i) {
      if (batch.kept[i]) {
        kept_.push_back(std::move(batch.bodies[i]));
      } else {
        ++counters_.refused;
        ++refused_;
      }
    }
    batch.error = written.error();
  }
  batch.first = first;
  batch.done = 1;
  batch.done.notify_all();
}

void AuditLog::MakeCheckpointIfDue() {
  {
    std::lock_guard lock(checkpoint_mutex_);
    if (clock_.SteadyNow() < checkpoint_due_) return;
    checkpoint_due_ = clock_.SteadyNow() + options_.checkpoint_every;
  }
  if (auto made = MakeCheckpoint(); !made) {
    Log(LogLevel::kError, "a checkpoint of the audit log was not made", {}, {{"reason", made.error().message()}});
  }
}

Result<void> AuditLog::StoreCheckpoint(const Checkpoint& checkpoint, const std::string& note) {
  const std::string entry = note + "\n";
  const auto append = [&](const std::string& path) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const LastNote last, ReadLastNote(path));
    const uint64_t bytes = FileSize(path).value_or(0);
    if (bytes > 0 && last.note.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a file for checkpoints holds something else: {}", path);
    }
    NL_ASSIGN_OR_RETURN(const auto file, files_.OpenForAppend(path));
    // What an earlier try left unfinished.
    if (bytes > last.valid_bytes) NL_RETURN_IF_ERROR(file->Truncate(last.valid_bytes));
    NL_RETURN_IF_ERROR(file->Append(entry));
    return file->Sync();
  };
  NL_RETURN_IF_ERROR(append(PathOf("checkpoints")));
  NL_RETURN_IF_ERROR(ReplaceFile(PathOf("checkpoint"), note));
  if (options_.witness_file.empty()) return {};
  if (auto witnessed = append(options_.witness_file); !witnessed) {
    std::lock_guard lock(mutex_);
    ++counters_.witness_failures;
    Log(LogLevel::kError, "the witness of the audit log did not take a checkpoint", {},
        {{"records", static_cast<int64_t>(checkpoint.size)}, {"reason", witnessed.error().message()}});
  }
  return {};
}

Result<std::string> AuditLog::MakeCheckpoint() {
  std::lock_guard lock(checkpoint_mutex_);
  const auto [size, root] = segments_->Head();
  if (size == checkpoint_.size) return checkpoint_note_;
  const Checkpoint checkpoint{.origin = key_.verifier().name(), .size = size, .root = root};
  const std::string note = key_.Sign(FormatCheckpoint(checkpoint));
  NL_RETURN_IF_ERROR(StoreCheckpoint(checkpoint, note));
  checkpoint_ = checkpoint;
  checkpoint_note_ = note;
  return note;
}

std::string AuditLog::LastCheckpoint() const {
  std::lock_guard lock(checkpoint_mutex_);
  return checkpoint_note_;
}

uint64_t AuditLog::size() const { return segments_->size(); }

Result<std::vector<std::string>> AuditLog::Read(uint64_t first, uint64_t count) const {
  return segments_->Read(first, count);
}

Result<Hash> AuditLog::RootAt(uint64_t size) const { return segments_->RootAt(size); }

Result<std::vector<Hash>> AuditLog::ProveInclusion(uint64_t index, uint64_t size) const {
  NL_RETURN_IF_ERROR(RootAt(size));
  return InclusionProof(index, size, [this](uint64_t begin, uint64_t end) { return segments_->Subtree(begin, end); });
}

Result<std::vector<Hash>> AuditLog::ProveConsistency(uint64_t from, uint64_t to) const {
  NL_RETURN_IF_ERROR(RootAt(to));
  return ConsistencyProof(from, to, [this](uint64_t begin, uint64_t end) { return segments_->Subtree(begin, end); });
}

AuditLog::Counters AuditLog::counters() const {
  std::lock_guard lock(mutex_);
  Counters counters = counters_;
  counters.waiting = kept_.size();
  return counters;
}

}  // namespace neurolake::audit
