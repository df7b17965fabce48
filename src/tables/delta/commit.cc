#include "tables/delta/commit.h"

#include <random>

#include "common/ids.h"
#include "tables/delta/checksum.h"
#include "tables/delta/internal/commit_body.h"
#include "tables/delta/internal/conflict.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/internal/table_state.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::tables::delta {
namespace {

using internal::CommitBody;
using internal::TableState;
using std::chrono::milliseconds;

constexpr int kCommitAttemptsMax = 100;
constexpr int kDoubtAttemptsMax = 5;  ///< Puts and read-backs while the store does not say what happened.
constexpr int kAttemptsWithoutWait = 2;
constexpr milliseconds kBackoffBase{4};
constexpr milliseconds kBackoffMax{250};

int64_t ToMilliseconds(WallTime time) { return std::chrono::floor<milliseconds>(time).time_since_epoch().count(); }

enum class PutOutcome : uint8_t { kPublished, kLost };

/// One commit on its way into the log. Lives for one call of Commit.
class Committing {
 public:
  Committing(const RequestContext& ctx, storage::ObjectStore& store, const CommitRequest& request)
      : ctx_(ctx),
        store_(store),
        request_(request),
        log_path_(internal::LogPath(request.table_path)),
        transaction_id_(NewUuid()),
        random_(std::hash<std::string>()(transaction_id_)) {}

  Result<CommitOutcome> Run() {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    if (request_.read_version < 0) {
      NL_RETURN_IF_ERROR(PrepareCreation());
    } else {
      NL_ASSIGN_OR_RETURN(state_, internal::FindTableState(ctx_, store_, log_path_, request_));
    }
    NL_RETURN_IF_ERROR(internal::CheckRequest(state_, request_));
    if (request_.read_version >= 0) NL_RETURN_IF_ERROR(PreparePredecessor());
    NL_RETURN_IF_ERROR(PrepareRowIds());
    NL_ASSIGN_OR_RETURN(auto conflicts, internal::ConflictCheck::Make(state_, request_));
    conflicts_ = std::move(conflicts);
    NL_ASSIGN_OR_RETURN(auto body, CommitBody::Make(state_, request_, transaction_id_));
    return Race(body);
  }

 private:
  Result<void> PrepareCreation() {
    if (!request_.protocol.has_value() || !request_.metadata.has_value()) {
      return MakeError(ErrorCode::kInvalidArgument, "creating a table needs a protocol and metadata");
    }
    // Not only version 0: its commit may have been cleaned away.
    NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store_, log_path_));
    if (!listing.empty()) return AlreadyThere();
    return {};
  }

  std::unexpected<Error> AlreadyThere() const {
    return MakeError(ErrorCode::kAlreadyExists, "there is a Delta table at this place already: {}",
                     request_.table_path);
  }

  /// Makes sure that the version after the one read is really the next, and learns the time it must exceed.
  Result<void> PreparePredecessor() {
    const std::string path = internal::CommitPath(log_path_, request_.read_version);
    auto info = store_.Head(path);
    if (!info.has_value() && info.error().code() != ErrorCode::kNotFound) {
      return std::unexpected(std::move(info).error());
    }
    if (!info.has_value()) {
      // Cleaned away, or the table is gone, or was never there. A free name must not be taken for the next version.
      NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store_, log_path_));
      if (listing.empty()) {
        return MakeError(ErrorCode::kNotFound, "there is no Delta table at this place: {}", request_.table_path);
      }
      if (listing.newest_version() != request_.read_version) {
        return MakeError(ErrorCode::kConflict, "the version that the statement read is no longer in the log: {}",
                         request_.read_version);
      }
      begins_after_ = request_.read_version;
      return {};
    }
    if (!internal::UsesInCommitTimestamps(internal::EffectiveProtocol(state_, request_),
                                          internal::EffectiveMetadata(state_, request_))) {
      return {};
    }
    NL_ASSIGN_OR_RETURN(auto bytes, store_.Read(path));
    NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, path));
    // The commit that switches the timestamps on must be later than the file before it.
    previous_time_ms_ = actions.in_commit_timestamp_ms.value_or(ToMilliseconds(info->modified));
    return {};
  }

  Result<void> PrepareRowIds() {
    if (!TracksRows(internal::EffectiveProtocol(state_, request_), internal::EffectiveMetadata(state_, request_))) {
      return {};
    }
    if (!request_.snapshot_row_id_mark.has_value() && request_.read_version >= 0) {
      return MakeError(ErrorCode::kInvalidArgument, "the commit does not say which row ids the table has given");
    }
    row_id_mark_ = request_.snapshot_row_id_mark.value_or(-1);
    return {};
  }

  Result<CommitOutcome> Race(const CommitBody& body) {
    int64_t version = request_.read_version + 1;
    for (int attempt = 0; attempt < kCommitAttemptsMax; ++attempt) {
      if (attempt > kAttemptsWithoutWait) NL_RETURN_IF_ERROR(ctx_.SleepFor(BackoffFor(attempt)));
      NL_RETURN_IF_ERROR(ctx_.CheckAlive());
      const CommitBody::Attempt times = TimesFor(version);
      if (request_.read_version < 0) NL_RETURN_IF_ERROR(store_.MakeDirectory(log_path_));
      NL_ASSIGN_OR_RETURN(const PutOutcome outcome, Put(version, body.ForAttempt(times)));
      bool published = outcome == PutOutcome::kPublished;
      if (published) NL_RETURN_IF_ERROR(CheckNotCut(version));
      if (!published) {
        NL_ASSIGN_OR_RETURN(published, FollowWinners(version));
      }
      if (!published) continue;
      // Of the version just made; of an older one of this commit's, whose answer was lost, the times are not known.
      if (version == times.version) WriteNextChecksum(store_, request_.table_path, version, body.StepFor(times));
      return Outcome(version, times, attempt);
    }
    return MakeError(ErrorCode::kConflict, "the commit lost every race, attempts: {}", kCommitAttemptsMax);
  }

  /// A log that was cut meanwhile (log_cleanup.h, CutLog) has given names away again that were taken: what is put there
  /// is read by nobody. Where that cannot be told from a log that went on and was then cut, nobody knows.
  Result<void> CheckNotCut(int64_t version) {
    if (version == 0 || version - 1 == begins_after_) return {};
    const auto before = store_.Head(internal::CommitPath(log_path_, version - 1));
    if (before.has_value() || before.error().code() != ErrorCode::kNotFound) return {};
    return MakeError(ErrorCode::kCommitUnknown,
                     "the table's log was cut while the commit was made, look before running the statement again, "
                     "version: {}",
                     version);
  }

  CommitOutcome Outcome(int64_t version, const CommitBody::Attempt& times, int rebases) const {
    const int64_t time_ms = times.in_commit_timestamp_ms.value_or(times.now_ms);
    return {.version = version, .timestamp = WallTime(milliseconds(time_ms)), .rebases = rebases};
  }

  CommitBody::Attempt TimesFor(int64_t version) const {
    CommitBody::Attempt times{.version = version, .now_ms = ToMilliseconds(ctx_.clock().Now())};
    times.row_id_mark = row_id_mark_;
    if (internal::UsesInCommitTimestamps(internal::EffectiveProtocol(state_, request_),
                                         internal::EffectiveMetadata(state_, request_))) {
      times.in_commit_timestamp_ms =
          previous_time_ms_.has_value() ? std::max(times.now_ms, *previous_time_ms_ + 1) : times.now_ms;
    }
    return times;
  }

  milliseconds BackoffFor(int attempt) {
    const milliseconds longest = std::min(kBackoffMax, kBackoffBase * (1 << std::min(attempt, 6)));
    return milliseconds(std::uniform_int_distribution<int64_t>(1, longest.count())(random_));
  }

  /// Tries one version. An error means that nothing was written, kCommitUnknown excepted.
  Result<PutOutcome> Put(int64_t version, const std::string& text) {
    const std::string path = internal::CommitPath(log_path_, version);
    bool in_doubt = false;
    bool may_still_come = false;
    for (int attempt = 0; attempt < kDoubtAttemptsMax; ++attempt) {
      if (attempt > 0 && !ctx_.SleepFor(BackoffFor(attempt)).has_value()) break;
      auto put = store_.PutIfAbsent(path, text);
      if (put.has_value()) return PutOutcome::kPublished;
      const ErrorCode code = put.error().code();
      const bool may_have_happened = code == ErrorCode::kCommitUnknown || code == ErrorCode::kIoError;
      if (code == ErrorCode::kAlreadyExists && !in_doubt) return PutOutcome::kLost;
      if (code != ErrorCode::kAlreadyExists && !may_have_happened && !in_doubt) {
        return std::unexpected(std::move(put).error());
      }
      in_doubt = true;
      may_still_come = may_still_come || code == ErrorCode::kCommitUnknown;
      auto there = ReadBack(path);
      if (!there.has_value()) continue;
      if (there->has_value()) {
        if (**there == text) return PutOutcome::kPublished;
        if (!(*there)->contains(transaction_id_)) return PutOutcome::kLost;
        return MakeError(ErrorCode::kCorruption, "the store kept a damaged commit: {}", path);
      }
      // Not there. An input or output error was just that; without an answer it may still come, so the same text is
      // put again: whichever of the two arrives first, it is this commit.
      if (!may_still_come) return std::unexpected(std::move(put).error());
    }
    return InDoubt(version);
  }

  /// The bytes at `path`, nullopt if there is nothing. Errors: whatever kept it from being told.
  Result<std::optional<std::string>> ReadBack(const std::string& path) {
    auto bytes = store_.Read(path);
    if (bytes.has_value()) return std::optional<std::string>(std::move(*bytes));
    if (bytes.error().code() == ErrorCode::kNotFound) return std::optional<std::string>();
    return std::unexpected(std::move(bytes).error());
  }

  /// As ReadBack, which may fail some times. Errors: kCommitUnknown.
  Result<std::optional<std::string>> ReadBackPatiently(const std::string& path, int64_t version) {
    for (int attempt = 0; attempt < kDoubtAttemptsMax; ++attempt) {
      if (attempt > 0 && !ctx_.SleepFor(BackoffFor(attempt)).has_value()) break;
      auto bytes = ReadBack(path);
      if (bytes.has_value()) return bytes;
    }
    return InDoubt(version);
  }

  static std::unexpected<Error> InDoubt(int64_t version) {
    return MakeError(ErrorCode::kCommitUnknown,
                     "the store did not say whether the commit happened, look before "
                     "running the statement again, version: {}",
                     version);
  }

  /// Reads the commits from `version` on that others made and moves `version` behind them; true if one of them is this
  /// commit itself (the store's answer was lost), which `version` then is. Errors: kConflict.
  Result<bool> FollowWinners(int64_t& version) {
    for (bool first = true;; first = false) {
      const std::string path = internal::CommitPath(log_path_, version);
      // What was found at the first of them may be this commit: a client below that asks twice is told so. If that
      // cannot be found out, nobody knows whether it happened.
      NL_ASSIGN_OR_RETURN(auto bytes, first ? ReadBackPatiently(path, version) : ReadBack(path));
      if (!bytes.has_value()) return false;
      if (bytes->contains("\"txnId\":\"" + transaction_id_ + "\"")) return true;
      if (request_.read_version < 0) return AlreadyThere();
      NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(*bytes, path));
      NL_RETURN_IF_ERROR(conflicts_->Allow(actions, version));
      if (actions.in_commit_timestamp_ms.has_value()) previous_time_ms_ = actions.in_commit_timestamp_ms;
      for (const DomainMetadata& domain : actions.domains) {
        row_id_mark_ = std::max(row_id_mark_, ParseRowIdMark(domain).value_or(-1));
      }
      ++version;
    }
  }

  const RequestContext& ctx_;
  storage::ObjectStore& store_;
  const CommitRequest& request_;
  std::string log_path_;
  std::optional<internal::ConflictCheck> conflicts_;
  std::string transaction_id_;
  std::minstd_rand random_;
  TableState state_;
  std::optional<int64_t> begins_after_;  ///< The log has a checkpoint of the version that was read, and no commit.
  std::optional<int64_t> previous_time_ms_;
  int64_t row_id_mark_ = -1;
};

}  // namespace

Result<CommitOutcome> Commit(const RequestContext& ctx, storage::ObjectStore& store, const CommitRequest& request) {
  return Committing(ctx, store, request).Run();
}

}  // namespace neurolake::tables::delta
