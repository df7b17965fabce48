#include "query/commands/clone.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <ranges>
#include <set>

#include "common/descriptor.h"
#include "common/ids.h"
#include "query/commands/server_action.h"
#include "query/commands/version_clause.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "query/shallow_clones.h"
#include "storage/local_files.h"
#include "storage/path.h"
#include "tables/delta/clone.h"

namespace neurolake::query {
namespace {

using engine::duckdb::PreparedTable;
using tables::delta::ClonePlan;

constexpr size_t kCopyBytes = 1 << 20;
constexpr int64_t kStoreCopyBytes = 8 << 20;
constexpr std::chrono::seconds kUndoTime{10};

struct CloneStatement {
  ObjectName table;
  ObjectName source;
  std::optional<VersionClause> version;
  std::string location;
  bool shallow = false;
  bool or_replace = false;
  bool if_not_exists = false;
};

class Clone final : public TableCommand {
 public:
  explicit Clone(CloneStatement statement) : statement_(std::move(statement)) {}
  std::string kind() const override { return "CLONE"; }
  const ObjectName& target() const override { return statement_.table; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  Result<ClonePlan> Plan(CommandContext& context, const PreparedTable& prepared, const OpenedTable& source,
                         int64_t now_ms) const;
  /// Whether it made the clone: IF NOT EXISTS may meet a table that somebody else made meanwhile.
  Result<bool> Publish(CommandContext& context, const PreparedTable& prepared, const OpenedTable& source,
                       const std::optional<OpenedTable>& old, ClonePlan& plan) const;
  CloneStatement statement_;
};

std::unexpected<Error> CopyFailed(int reason) {
  return MakeError(reason == ENOSPC || reason == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kIoError,
                   "a file of the table cannot be copied, errno: {}", reason);
}

Result<void> SyncDirectory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || (::fsync(directory.get()) != 0 && errno != EINVAL)) return CopyFailed(errno);
  return {};
}

Result<void> CopyBytes(int from, int to) {
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CopyFailed(errno);
    if (count == 0) break;
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = ::write(to, buffer.data() + done, static_cast<size_t>(count - done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return CopyFailed(errno);
      done += written;
    }
  }
  if (::fsync(to) != 0) return CopyFailed(errno);
  return {};
}

/// For clearing up: the request may be why something is given up.
RequestContext InTimeOfItsOwn(const RequestContext& ctx) {
  return RequestContext(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(),
                        ctx.clock().SteadyNow() + kUndoTime);
}

/// Copies the files of a table durably, with the directories they lie in. What was copied when it fails is deleted
/// again: nobody would ever find it.
class Copier {
 public:
  Copier(storage::ObjectStore& store, std::string clone) : store_(store), clone_(std::move(clone)) {}

  Result<void> Copy(const RequestContext& ctx, const std::vector<tables::delta::FileCopy>& copies) {
    Result<void> outcome;
    for (const auto& file : copies) {
      outcome = ctx.CheckAlive();
      if (outcome.has_value()) outcome = CopyOne(file);
      if (!outcome.has_value()) break;
    }
    for (auto directory = directories_.begin(); outcome.has_value() && directory != directories_.end(); ++directory) {
      outcome = SyncDirectory(*directory);
    }
    if (!outcome.has_value()) Undo(ctx);
    return outcome;
  }

  void Undo(const RequestContext& ctx) {
    std::error_code ignored;
    std::vector<std::string> remote;
    for (const std::string& path : done_) {
      if (storage::IsUrl(path)) remote.push_back(path);
      else std::filesystem::remove(path, ignored);
    }
    if (!remote.empty()) std::ignore = store_.For(InTimeOfItsOwn(ctx))->DeleteMany(remote);
    // The deepest first; what holds something else stays.
    for (const std::string& directory : std::views::reverse(directories_)) {
      if (directory != clone_) std::filesystem::remove(directory, ignored);
    }
  }

 private:
  static std::unexpected<Error> NotOpened(const Error& error) {
    if (error.code() != ErrorCode::kNotFound) return std::unexpected(error);
    return MakeError(ErrorCode::kVersionNotFound,
                     "the version cannot be cloned, a file of it is gone (VACUUM deletes what no retained version "
                     "needs)");
  }

  /// Where one side is no file system.
  Result<void> CopyByStore(const tables::delta::FileCopy& file) {
    const auto opened = store_.OpenBelow(file.root, file.from);
    if (!opened.has_value()) return NotOpened(opened.error());
    NL_ASSIGN_OR_RETURN(const auto upload, store_.NewUpload(file.to, {.if_absent = true}));
    for (;;) {
      NL_ASSIGN_OR_RETURN(const std::string bytes, (*opened)->Read(kStoreCopyBytes));
      if (bytes.empty()) break;
      NL_RETURN_IF_ERROR(upload->Append(bytes));
    }
    // Only what certainly is ours may be undone: the name may be that of somebody else's object.
    const auto finished = upload->Finish();
    if (finished.has_value()) done_.push_back(file.to);
    if (!finished.has_value() && finished.error().code() == ErrorCode::kCommitUnknown) {
      return MakeError(ErrorCode::kIoError, "a file of the clone was sent, but the object store gave no answer");
    }
    return finished;
  }

  Result<void> CopyOne(const tables::delta::FileCopy& file) {
    if (storage::IsUrl(file.from) || storage::IsUrl(file.to)) return CopyByStore(file);
    const auto opened = storage::OpenBelow(file.root, file.from);
    if (!opened.has_value()) return NotOpened(opened.error());
    std::error_code problem;
    std::filesystem::path directory = std::filesystem::path(file.to).parent_path();
    std::filesystem::create_directories(directory, problem);
    if (problem) return CopyFailed(problem.value());
    for (; directory.string().size() > clone_.size(); directory = directory.parent_path()) {
      directories_.insert(directory.string());
    }
    directories_.insert(clone_);
    const Descriptor to(::open(file.to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!to.valid()) return CopyFailed(errno);
    done_.push_back(file.to);
    return CopyBytes(opened->get(), to.get());
  }

  storage::ObjectStore& store_;
  const std::string clone_;
  std::vector<std::string> done_;
  std::set<std::string> directories_;
};

Result<OwnResult> Answer(int64_t source_bytes, int64_t source_files, int64_t removed_files, int64_t removed_bytes,
                         int64_t copied_files, int64_t copied_bytes) {
  return MakeOwnResult({{"source_table_size", "BIGINT"},
                        {"source_num_of_files", "BIGINT"},
                        {"num_removed_files", "BIGINT"},
                        {"num_copied_files", "BIGINT"},
                        {"removed_files_size", "BIGINT"},
                        {"copied_files_size", "BIGINT"}},
                       {{std::to_string(source_bytes), std::to_string(source_files), std::to_string(removed_files),
                         std::to_string(copied_files), std::to_string(removed_bytes), std::to_string(copied_bytes)}});
}

Result<bool> Clone::Publish(CommandContext& context, const PreparedTable& prepared, const OpenedTable& source,
                            const std::optional<OpenedTable>& old, ClonePlan& plan) const {
  engine::duckdb::LakeCommit commit{
      .table = prepared.table.id, .request = std::move(plan.request), .register_as = std::nullopt};
  auto& request = commit.request;
  request.table_path = prepared.table.location;
  request.operation_parameters = {{"source", fmt::format("\"{}\"", source.full_name())},
                                  {"sourceVersion", std::to_string(source.snapshot->version())},
                                  {"isShallow", statement_.shallow ? "true" : "false"}};
  request.operation_metrics["sourceTableSize"] = std::to_string(plan.bytes);
  const size_t files = source.snapshot->files().size();
  request.operation_metrics["sourceNumOfFiles"] = std::to_string(files);
  request.operation_metrics["numCopiedFiles"] = std::to_string(statement_.shallow ? 0 : files);
  request.operation_metrics["copiedFilesSize"] = std::to_string(statement_.shallow ? 0 : plan.bytes);
  if (!old) {
    commit.register_as = engine::duckdb::RelationName{prepared.table.schema_name, prepared.table.table_name};
  }
  const std::string log = prepared.table.location + "/_delta_log";
  if (!old) {
    NL_ASSIGN_OR_RETURN(const auto entries, context.store().List(log));
    if (!entries.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a Delta table at the clone's location already: {}",
                       prepared.table.location);
    }
  }
  Copier copier(context.store(), prepared.table.location);
  NL_RETURN_IF_ERROR(copier.Copy(context.request(), plan.copies));
  const auto committed = old ? context.Commit(*old, std::move(commit.request)) : context.provider().Commit(commit);
  if (committed.has_value() && committed->version >= 0) return true;
  if (committed.has_value()) {
    copier.Undo(context.request());
    return false;
  }
  if (committed.error().code() == ErrorCode::kCommitUnknown) return std::unexpected(committed.error());
  // Where the log was written and only the name was taken meanwhile, the files are the log's; and so they are unless
  // the store says that there is none.
  bool logged = false;
  if (!old) {
    const RequestContext own = InTimeOfItsOwn(context.request());
    const auto head = context.store().For(own)->Head(log + "/00000000000000000000.json");
    logged = head.has_value() || head.error().code() != ErrorCode::kNotFound;
  }
  if (!logged) copier.Undo(context.request());
  return std::unexpected(committed.error());
}

/// Files are copied as they are, so nothing checks their rows, and the server takes none that nothing checked.
Result<void> RefuseExpectations(CommandContext& context, const PreparedTable& prepared) {
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "expectations", {{"table", prepared.table.id.value()}}));
  const auto* expectations = answer.if_contains("expectations");
  if (expectations == nullptr || !expectations->is_array() || expectations->get_array().empty()) return {};
  std::string name;
  if (const auto* first = expectations->get_array()[0].if_object()) {
    NL_ASSIGN_OR_RETURN(name, StringMember(*first, "name"));
  }
  return MakeError(ErrorCode::kNotSupported,
                   "a table with expectations cannot be replaced by a clone, whose rows are not checked; use CREATE OR "
                   "REPLACE TABLE ... AS SELECT or drop them first, expectation: {}, table: {}.{}",
                   name, prepared.table.schema_name, prepared.table.table_name);
}

Result<ClonePlan> Clone::Plan(CommandContext& context, const PreparedTable& prepared, const OpenedTable& source,
                              int64_t now_ms) const {
  const boost::json::object tables{{"clone", prepared.table.id.value()}, {"source", source.entry.id.value()}};
  if (!statement_.shallow) {
    NL_RETURN_IF_ERROR(AskServer(context, "clone_policies", tables));
    const bool foreign = !source.entry.managed || !source.entry.foreign_roots.empty();
    return tables::delta::PlanDeepClone(
        *source.snapshot, prepared.table.location,
        {.subdirectory = prepared.exists ? "clone-" + NewUuid() : "", .foreign_statistics = foreign}, now_ms);
  }
  // From here on the server keeps the source's files for the clone. Those that went before it finds when it commits.
  NL_RETURN_IF_ERROR(AskServer(context, "shallow_clone",
                               {{"clone", prepared.table.id.value()},
                                {"source", source.entry.id.value()},
                                {"version", source.snapshot->version()}}));
  return tables::delta::PlanShallowClone(*source.snapshot, now_ms);
}

Result<OwnResult> Clone::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(OpenedTable source, context.Open(statement_.source));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kCreate));
  if (statement_.version) {
    NL_ASSIGN_OR_RETURN(const auto resolved, ResolveVersion(context, source, *statement_.version));
    NL_ASSIGN_OR_RETURN(source, context.Open(statement_.source, resolved.version));
  }
  const ObjectName name = context.Qualified(statement_.table);
  NL_ASSIGN_OR_RETURN(const PreparedTable prepared,
                      context.provider().PrepareTable({.schema_name = name.schema,
                                                       .table_name = name.name,
                                                       .or_replace = statement_.or_replace,
                                                       .if_not_exists = statement_.if_not_exists,
                                                       .location = statement_.location}));
  if (prepared.exists && !statement_.or_replace) return Answer(0, 0, 0, 0, 0, 0);
  if (prepared.exists && prepared.table.id == source.entry.id) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a table cannot be replaced by a clone of itself; RESTORE does that: "
                     "{}",
                     source.full_name());
  }
  if (prepared.exists) NL_RETURN_IF_ERROR(RefuseExpectations(context, prepared));
  const int64_t now_ms =
      std::chrono::floor<std::chrono::milliseconds>(context.request().clock().Now()).time_since_epoch().count();
  NL_ASSIGN_OR_RETURN(ClonePlan plan, Plan(context, prepared, source, now_ms));
  int64_t removed_files = 0, removed_bytes = 0;
  std::optional<OpenedTable> old;
  if (prepared.exists) {
    NL_ASSIGN_OR_RETURN(old, context.Open(statement_.table));
    tables::delta::ReplaceByClone(*old->snapshot, now_ms, plan);
    for (const auto& file : plan.request.removes) {
      removed_bytes += file.size_bytes;
      ++removed_files;
    }
    plan.request.operation_metrics["numRemovedFiles"] = std::to_string(removed_files);
    plan.request.operation_metrics["removedFilesSize"] = std::to_string(removed_bytes);
  }
  const auto files = static_cast<int64_t>(source.snapshot->files().size());
  const int64_t bytes = plan.bytes;
  NL_RETURN_IF_ERROR(context.NoteCopy(source, prepared.table));
  NL_ASSIGN_OR_RETURN(const bool made, Publish(context, prepared, source, old, plan));
  if (!made) return Answer(0, 0, 0, 0, 0, 0);
  const bool copied = !statement_.shallow;
  return Answer(bytes, files, removed_files, removed_bytes, copied ? files : 0, copied ? bytes : 0);
}

/// Whether the statement is a clone at all: CREATE TABLE has its own parser.
bool IsClone(TokenCursor cursor) {
  for (; !cursor.AtEnd(); cursor.Skip()) {
    if (cursor.IsSymbol("(") || cursor.IsWord("as") || cursor.IsWord("select")) return false;
    if (cursor.IsWord("clone")) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseClone(TokenCursor cursor) {
  CloneStatement statement;
  if (!cursor.AcceptWord("create")) return nullptr;
  statement.or_replace = cursor.AcceptWords({"or", "replace"});
  if (!cursor.AcceptWord("table") || !IsClone(cursor)) return nullptr;
  statement.if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  NL_ASSIGN_OR_RETURN(statement.table, cursor.ExpectObjectName());
  statement.shallow = cursor.AcceptWord("shallow");
  if (!statement.shallow) cursor.AcceptWord("deep");
  NL_RETURN_IF_ERROR(cursor.ExpectWord("clone"));
  NL_ASSIGN_OR_RETURN(statement.source, cursor.ExpectObjectName());
  NL_ASSIGN_OR_RETURN(statement.version, ParseVersionClause(cursor));
  if (cursor.AcceptWord("location")) {
    if (statement.shallow) return cursor.NotSupported("SHALLOW CLONE with a LOCATION");
    NL_ASSIGN_OR_RETURN(statement.location, cursor.ExpectString("a path of the server in single quotes"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Clone>(std::move(statement));
}

}  // namespace neurolake::query
