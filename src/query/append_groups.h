#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/metrics.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// The rows of one INSERT, evaluated and checked, on their way into a version.
struct AppendedRows {
  TableId table;
  std::string definition;            ///< As engine::duckdb::LakeAppend has it.
  std::string schema;                ///< Arrow IPC schema message.
  std::vector<std::string> batches;  ///< Arrow IPC record batch messages.
  std::string statement_id;
  std::string principal_name;
  int64_t row_count = 0;
  std::string expectations =
      {};                      ///< What the statement found of the table's, as engine::duckdb::EncodeEvidence has it.
  std::string judged_by = {};  ///< Which these were.
  int64_t bytes() const;
};

struct AppendGroupsOptions {
  int64_t statements_max = 256;              ///< In one version.
  int64_t bytes_max = 16LL << 20;            ///< In one version, unless one statement has more.
  std::chrono::milliseconds wait_max{1000};  ///< Behind a statement that writes its own files.
  /// After a group failed for a reason that may be one member's: no part of it is begun later than this.
  std::chrono::milliseconds retry_max = std::chrono::minutes(2);
  /// Runs its argument in a thread of its own. Throws if there is none to be had. Empty: std::thread.
  std::function<void(std::function<void()>)> start_thread = {};
};

/// Group commit: small INSERTs into one table that come while another is being made durable become one version
/// together. An INSERT that is alone writes its own files, as if this were not there.
///
///   MayAppend ── false: alone, holds the table's lane until Release
///             └─ true: Append ► waits ► sealed with what else waits ► written ► version, or the reason why not
///
/// Nothing about correctness hangs on a lane: commits exclude each other by the log. Thread-safe.
/// Source: docs/adr/0010-group-commit.md.
class AppendGroups {
 public:
  using Group = std::vector<std::shared_ptr<const AppendedRows>>;
  /// How a group ended: its version, or an error.
  using Outcome = Result<int64_t>;
  /// Writes one version of a group and calls `tell` as soon as it is known how that ended: before looking after the
  /// log. Without a call nothing was committed, and what is returned says why. `compact`: files may be merged then.
  using Write = std::function<Result<void>(const Group& group, bool compact, const std::function<void(Outcome)>& tell)>;

  /// Borrows `metrics`.
  AppendGroups(AppendGroupsOptions options, Write write, Metrics& metrics);
  /// Waits for groups under way. No statement may wait any more.
  ~AppendGroups();
  /// Begins no group and no retry from now on; who waits in none is refused with kUnavailable.
  void Shutdown();

  /// True: somebody writes to the table, and rows handed over go with the next group. False: nobody does; `holder`
  /// has the lane until it calls Release.
  bool MayAppend(const TableId& table, const std::string& holder);
  void Release(const TableId& table, const std::string& holder);

  /// Blocks until the rows are durable; the version they are in. Errors: kCancelled and kDeadlineExceeded only while
  /// the rows are in no group yet, which they then leave; later the statement learns what became of it. Else what the
  /// commit says; kUnavailable if no thread can be had. A group that fails for a reason that may be one member's is
  /// halved and written again, until only those whose fault it is are left.
  Result<int64_t> Append(const RequestContext& ctx, AppendedRows rows);
  /// Statements that are in no group of the table's yet.
  size_t waiting(const TableId& table);

 private:
  struct Waiting;
  struct Lane;

  std::shared_ptr<Lane> FindLane(const TableId& table);
  /// Under the mutex. Refuses all that wait in the lane if that is not possible.
  void StartDriver(const TableId& table, const std::shared_ptr<Lane>& lane);
  void RefuseWaiting(Lane& lane, std::string_view why);
  void Drive(const TableId& table, const std::shared_ptr<Lane>& lane);
  std::vector<std::shared_ptr<Waiting>> Seal(Lane& lane) const;
  /// Tells the members and lets the next group begin.
  void Settle(const TableId& table, const std::shared_ptr<Lane>& lane,
              const std::vector<std::shared_ptr<Waiting>>& members, const Outcome& outcome);
  void WriteGroup(const TableId& table, const std::shared_ptr<Lane>& lane,
                  const std::vector<std::shared_ptr<Waiting>>& members);
  /// Nothing if `told` was called with how it ended; else why nothing was committed.
  std::optional<Error> TryWrite(const std::vector<std::shared_ptr<Waiting>>& members, bool compact,
                                const std::function<void(const Outcome&)>& told);
  void WriteHalves(const std::vector<std::shared_ptr<Waiting>>& members, std::chrono::steady_clock::time_point until);
  void Tell(const std::vector<std::shared_ptr<Waiting>>& members, const Outcome& outcome);
  void LeaveLane(const TableId& table, const std::shared_ptr<Lane>& lane);

  const AppendGroupsOptions options_;
  const Write write_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable_any drivers_changed_;
  std::map<TableId, std::shared_ptr<Lane>> lanes_;
  int drivers_ = 0;
  bool stopping_ = false;
};

}  // namespace neurolake::query
