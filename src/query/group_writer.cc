#include "query/group_writer.h"

#include "common/log.h"
#include "common/text.h"
#include "query/append_messages.h"
#include "query/system_relations.h"

namespace neurolake::query {
namespace {

/// Of a few rows and what follows a commit; nobody waits for the latter.
constexpr std::chrono::minutes kDeadline{5};
constexpr size_t kNamesMax = 8;

/// Whose rows these are, for the table's history.
std::string NamesOf(const AppendGroups::Group& group) {
  std::vector<std::string> names;
  for (const auto& member : group) {
    if (std::ranges::find(names, member->principal_name) == names.end()) names.push_back(member->principal_name);
  }
  const size_t all = names.size();
  names.resize(std::min(all, kNamesMax));
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (all > kNamesMax) text += fmt::format(" and {} more", all - kNamesMax);
  return text;
}

}  // namespace

Result<void> GroupWriter::Write(const AppendGroups::Group& group, bool compact,
                                const std::function<void(AppendGroups::Outcome)>& tell) {
  const AppendedRows& first = *group.front();
  NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(first.table));
  if (!table) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
  const std::string id = NewUuid();
  const Principal principal{PrincipalId("neurolake"), "neurolake", "writer", {Right::kRead, Right::kWrite}};
  const RequestContext ctx(principal, id, "group", clock_, clock_.SteadyNow() + kDeadline);
  // Its own way to the table's store, for as long as this group is written.
  StatementStores stores;
  locations_.Begin(stores, &ctx);
  const auto store = NewStatementStore(store_, stores);
  ProviderServer provider(ctx, catalog_, *store, running_, id, options_.tables_directory, options_.maintenance,
                          &locations_);
  GroupCommit commit{.table = first.table, .user_name = NamesOf(group), .statement_ids = {}};
  GroupMessage message{.table = first.table,
                       .name = {table->schema_name, table->name},
                       .definition = first.definition,
                       .compact = compact,
                       .members = {}};
  for (const auto& member : group) {
    commit.statement_ids.push_back(member->statement_id);
    commit.expectations.push_back(member->expectations);
    message.members.push_back({member->schema, member->batches});
  }
  provider.ServeGroup(std::move(commit));
  const StartMessage start{.statement_id = id,
                           .request_id = id,
                           .door = ctx.door(),
                           .principal = principal,
                           .request = {},
                           .memory_bytes = options_.memory_bytes,
                           .planning_bytes = options_.memory_bytes,
                           .deadline_ms = ctx.Remaining().count(),
                           .log_level = static_cast<int64_t>(GetLogLevel()),
                           .readable = {},
                           .group = std::move(message)};
  NL_ASSIGN_OR_RETURN(auto worker,
                      workers_.Lease(ctx, options_.memory_bytes, options_.wait_max, WorkerPool::Turn::kFirst));
  bool reusable = false;
  std::unique_ptr<Admission::Grant> reserved;
  const auto ended = Run(ctx, *worker, provider, Encode(start), tell, reusable, reserved);
  reserved.reset();
  workers_.Return(std::move(worker), reusable);
  return ended;
}

Result<int64_t> GroupWriter::Reserve(const RequestContext& ctx, Worker& worker, const std::string& payload,
                                     std::unique_ptr<Admission::Grant>& reserved) {
  NL_ASSIGN_OR_RETURN(const PlannedMessage planned, DecodePlanned(payload));
  if (!planned.reserve || planned.memory_bytes < 0 || options_.admission == nullptr) {
    return MakeError(ErrorCode::kOutOfMemory, "writing the rows of a group takes more memory than there is for it");
  }
  if (reserved == nullptr) {
    // It holds nothing that others could wait for.
    NL_ASSIGN_OR_RETURN(reserved, options_.admission->Acquire(ctx, planned.memory_bytes));
  } else if (!reserved->TryGrowByRelease(planned.memory_bytes)) {
    return MakeError(ErrorCode::kTooManyRequests, "no memory is free to read the log of a table, retry later: {}",
                     FormatBytes(planned.memory_bytes));
  }
  workers_.SetMemoryLimit(worker, options_.memory_bytes + reserved->bytes());
  return options_.memory_bytes + reserved->bytes();
}

Result<void> GroupWriter::Run(const RequestContext& ctx, Worker& worker, ProviderServer& provider,
                              const std::string& start, const std::function<void(AppendGroups::Outcome)>& tell,
                              bool& reusable, std::unique_ptr<Admission::Grant>& reserved) {
  const auto lost = [&]() -> std::unexpected<Error> {
    if (worker.cancelled()) {
      return MakeError(ErrorCode::kDeadlineExceeded, "writing the rows took too long; nothing was committed");
    }
    return MakeError(ErrorCode::kWorkerLost,
                     "the worker that wrote the rows ended unexpectedly; nothing was committed");
  };
  if (!worker.channel().Send(FrameKind::kStart, start)) return lost();
  for (;;) {
    auto received = worker.channel().Receive(std::chrono::milliseconds(-1));
    if (!received) return lost();
    const Frame& frame = **received;
    switch (frame.kind) {
      case FrameKind::kCall: {
        const std::string reply = provider.Handle(frame.payload);
        // Known here first, whatever becomes of the worker.
        if (const auto version = provider.committed_version()) tell(*version);
        else if (const auto& doubt = provider.commit_in_doubt()) tell(std::unexpected(*doubt));
        if (!worker.channel().Send(FrameKind::kReply, reply)) return lost();
        break;
      }
      case FrameKind::kPlanned: {
        GrantMessage answer;
        if (const auto granted = Reserve(ctx, worker, frame.payload, reserved)) answer.memory_bytes = *granted;
        else answer.error = granted.error();
        if (!worker.channel().Send(FrameKind::kGrant, Encode(answer))) return lost();
        break;
      }
      case FrameKind::kDone: reusable = true; return {};
      case FrameKind::kFailed: {
        NL_ASSIGN_OR_RETURN(FailedMessage failed, DecodeFailed(frame.payload));
        reusable = !failed.engine_broken && failed.error.code() != ErrorCode::kOutOfMemory;
        if (worker.cancelled()) return lost();
        if (failed.error.code() == ErrorCode::kNotFound || failed.error.code() == ErrorCode::kSchemaNotFound) {
          return MakeError(ErrorCode::kConflict, "the table was dropped or renamed while the statement ran");
        }
        return std::unexpected(std::move(failed.error));
      }
      case FrameKind::kSchema:
      case FrameKind::kBatch:
      case FrameKind::kProgress:
      case FrameKind::kLineage: break;
      default: return MakeError(ErrorCode::kCorruption, "a worker sent a frame that has no place in a group");
    }
  }
}

}  // namespace neurolake::query
