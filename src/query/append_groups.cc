#include "query/append_groups.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "common/log.h"

namespace neurolake::query {

using std::chrono::steady_clock;

/// One member's place in a group.
struct AppendGroups::Waiting {
  std::shared_ptr<const AppendedRows> rows;
  bool sealed = false;
  std::optional<Outcome> outcome;
  std::condition_variable_any told;
};

/// What goes on at one table. Under the mutex, all of it.
struct AppendGroups::Lane {
  std::deque<std::shared_ptr<Waiting>> queue;
  std::string holder;  ///< The statement that writes its own files; empty: none.
  steady_clock::time_point held_since;
  bool driven = false;        ///< A thread takes what waits.
  bool looked_after = false;  ///< A writer may be merging files.
  std::condition_variable_any changed;
};

namespace {

constexpr std::string_view kShuttingDown = "the server is shutting down, nothing was written";

/// Errors that every member would get alone, so that trying again is of no use, and those after which nobody knows.
bool HoldsForAll(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCommitUnknown:
    case ErrorCode::kConflict:
    case ErrorCode::kDiskFull:
    case ErrorCode::kReadOnly:
    case ErrorCode::kIoError:
    case ErrorCode::kCancelled:
    case ErrorCode::kNotFound:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kUnavailable: return true;
    default: return false;
  }
}

}  // namespace

int64_t AppendedRows::bytes() const {
  auto bytes = static_cast<int64_t>(schema.size() + expectations.size() + judged_by.size());
  for (const std::string& batch : batches) bytes += static_cast<int64_t>(batch.size());
  return bytes;
}

AppendGroups::AppendGroups(AppendGroupsOptions options, Write write, Metrics& metrics)
    : options_(options), write_(std::move(write)), metrics_(metrics) {}

AppendGroups::~AppendGroups() {
  std::unique_lock lock(mutex_);
  drivers_changed_.wait(lock, [&] { return drivers_ == 0; });
}

std::shared_ptr<AppendGroups::Lane> AppendGroups::FindLane(const TableId& table) {
  auto& lane = lanes_[table];
  if (lane == nullptr) lane = std::make_shared<Lane>();
  return lane;
}

void AppendGroups::LeaveLane(const TableId& table, const std::shared_ptr<Lane>& lane) {
  if (lane->driven || lane->looked_after || !lane->holder.empty() || !lane->queue.empty()) return;
  const auto found = lanes_.find(table);
  if (found != lanes_.end() && found->second == lane) lanes_.erase(found);
}

bool AppendGroups::MayAppend(const TableId& table, const std::string& holder) {
  std::lock_guard lock(mutex_);
  const auto lane = FindLane(table);
  if (lane->driven || !lane->queue.empty() || !lane->holder.empty()) return true;
  lane->holder = holder;
  lane->held_since = steady_clock::now();
  return false;
}

void AppendGroups::Release(const TableId& table, const std::string& holder) {
  std::lock_guard lock(mutex_);
  const auto found = lanes_.find(table);
  if (found == lanes_.end() || found->second->holder != holder) return;
  const auto lane = found->second;
  lane->holder.clear();
  lane->changed.notify_all();
  LeaveLane(table, lane);
}

Result<int64_t> AppendGroups::Append(const RequestContext& ctx, AppendedRows rows) {
  const TableId table = rows.table;
  auto waiting = std::make_shared<Waiting>();
  waiting->rows = std::make_shared<const AppendedRows>(std::move(rows));
  std::unique_lock lock(mutex_);
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  if (stopping_) return MakeError(ErrorCode::kUnavailable, "{}", kShuttingDown);
  const auto lane = FindLane(table);
  lane->queue.push_back(waiting);
  if (!lane->driven) StartDriver(table, lane);
  LeaveLane(table, lane);
  const auto settled = [&] { return waiting->outcome.has_value(); };
  waiting->told.wait_for(lock, ctx.stop_token(), ctx.Remaining(), settled);
  if (!waiting->outcome && !waiting->sealed) {
    std::erase(lane->queue, waiting);
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    return MakeError(ErrorCode::kDeadlineExceeded, "the statement ran past its deadline");
  }
  // In a group: whatever the caller wants by now, it may be in the table, so it gets to know.
  waiting->told.wait(lock, settled);
  return *waiting->outcome;
}

size_t AppendGroups::waiting(const TableId& table) {
  std::lock_guard lock(mutex_);
  const auto found = lanes_.find(table);
  return found == lanes_.end() ? 0 : found->second->queue.size();
}

void AppendGroups::StartDriver(const TableId& table, const std::shared_ptr<Lane>& lane) {
  const auto drive = [this, table, lane] { Drive(table, lane); };
  try {
    // Counted instead of kept: it ends by itself, and the destructor waits for the last.
    if (options_.start_thread) options_.start_thread(drive);
    else std::thread(drive).detach();
  } catch (const std::exception& problem) {
    Log(LogLevel::kError, "no thread could be started for a group of INSERTs", {},
        {{"table", table.value()}, {"what", std::string(problem.what())}});
    return RefuseWaiting(*lane, "the server could start no thread for the rows, nothing was written; try again");
  }
  // It waits for the mutex, so it finds this.
  lane->driven = true;
  ++drivers_;
}

void AppendGroups::RefuseWaiting(Lane& lane, std::string_view why) {
  for (const auto& waiting : lane.queue) {
    waiting->outcome = MakeError(ErrorCode::kUnavailable, "{}", why);
    waiting->told.notify_all();
  }
  lane.queue.clear();
}

void AppendGroups::Shutdown() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& [table, lane] : lanes_) RefuseWaiting(*lane, kShuttingDown);
}

std::vector<std::shared_ptr<AppendGroups::Waiting>> AppendGroups::Seal(Lane& lane) const {
  std::vector<std::shared_ptr<Waiting>> members;
  int64_t bytes = 0;
  while (!lane.queue.empty() && static_cast<int64_t>(members.size()) < options_.statements_max) {
    const auto& next = lane.queue.front();
    const int64_t size = next->rows->bytes();
    if (!members.empty() &&
        (bytes + size > options_.bytes_max || next->rows->definition != members.front()->rows->definition ||
         next->rows->judged_by != members.front()->rows->judged_by)) {
      break;
    }
    bytes += size;
    next->sealed = true;
    members.push_back(next);
    lane.queue.pop_front();
  }
  return members;
}

void AppendGroups::Drive(const TableId& table, const std::shared_ptr<Lane>& lane) {
  std::vector<std::shared_ptr<Waiting>> members;
  {
    std::unique_lock lock(mutex_);
    // Behind one that writes its own files, but not for as long as that one likes.
    lane->changed.wait_until(lock, lane->held_since + options_.wait_max, [&] { return lane->holder.empty(); });
    members = Seal(*lane);
    if (members.empty()) lane->driven = false;
  }
  if (!members.empty()) WriteGroup(table, lane, members);
  std::lock_guard lock(mutex_);
  LeaveLane(table, lane);
  --drivers_;
  drivers_changed_.notify_all();
}

void AppendGroups::WriteGroup(const TableId& table, const std::shared_ptr<Lane>& lane,
                              const std::vector<std::shared_ptr<Waiting>>& members) {
  bool compact = false;
  {
    std::lock_guard lock(mutex_);
    compact = !lane->looked_after;
    lane->looked_after = true;
  }
  const auto failure =
      TryWrite(members, compact, [&](const Outcome& outcome) { Settle(table, lane, members, outcome); });
  if (compact) {
    std::lock_guard lock(mutex_);
    lane->looked_after = false;
  }
  if (!failure) return;
  if (members.size() > 1 && !HoldsForAll(failure->code())) {
    Log(LogLevel::kWarn, "a group of INSERTs failed; its halves are tried", {},
        {{"table", table.value()},
         {"statements", static_cast<int64_t>(members.size())},
         {"error", std::string(ErrorName(failure->code()))}});
    const auto until = steady_clock::now() + options_.retry_max;
    const auto middle = members.begin() + static_cast<ptrdiff_t>(members.size() / 2);
    WriteHalves({members.begin(), middle}, until);
    WriteHalves({middle, members.end()}, until);
    Settle(table, lane, {}, 0);
    return;
  }
  Settle(table, lane, members, std::unexpected(*failure));
}

std::optional<Error> AppendGroups::TryWrite(const std::vector<std::shared_ptr<Waiting>>& members, bool compact,
                                            const std::function<void(const Outcome&)>& told) {
  Group group;
  for (const auto& member : members) group.push_back(member->rows);
  bool known = false;
  const auto tell = [&](const Outcome& outcome) {
    if (!std::exchange(known, true)) told(outcome);
  };
  Result<void> written = MakeError(ErrorCode::kInternal, "the group was not written");
  try {
    written = write_(group, compact, tell);
  } catch (const std::exception& bug) {
    Log(LogLevel::kError, "writing a group met a bug", {}, {{"what", std::string(bug.what())}});
  }
  if (known) return std::nullopt;
  if (written.has_value()) return Error(ErrorCode::kInternal, "a group ended without a version");
  return written.error();
}

void AppendGroups::WriteHalves(const std::vector<std::shared_ptr<Waiting>>& members, steady_clock::time_point until) {
  bool too_late = steady_clock::now() >= until;
  {
    std::lock_guard lock(mutex_);
    too_late = too_late || stopping_;
  }
  if (too_late) {
    Tell(members, MakeError(ErrorCode::kUnavailable,
                            "rows of several statements could not be written together, and there was no time to try "
                            "them apart; nothing was written, try again"));
    return;
  }
  const auto failure = TryWrite(members, /*compact=*/false, [&](const Outcome& outcome) { Tell(members, outcome); });
  if (!failure) return;
  if (members.size() == 1 || HoldsForAll(failure->code())) {
    Tell(members, std::unexpected(*failure));
    return;
  }
  const auto middle = members.begin() + static_cast<ptrdiff_t>(members.size() / 2);
  WriteHalves({members.begin(), middle}, until);
  WriteHalves({middle, members.end()}, until);
}

void AppendGroups::Tell(const std::vector<std::shared_ptr<Waiting>>& members, const Outcome& outcome) {
  std::lock_guard lock(mutex_);
  for (const auto& member : members) {
    member->outcome = outcome;
    member->told.notify_all();
  }
  metrics_.Count("neurolake_append_groups_total", "Versions made of the rows of INSERTs that met, or tried.", "outcome",
                 outcome ? "ok" : "failed");
}

void AppendGroups::Settle(const TableId& table, const std::shared_ptr<Lane>& lane,
                          const std::vector<std::shared_ptr<Waiting>>& members, const Outcome& outcome) {
  if (!members.empty()) Tell(members, outcome);
  std::lock_guard lock(mutex_);
  lane->driven = false;
  if (!lane->queue.empty()) StartDriver(table, lane);
}

}  // namespace neurolake::query
