// What a commit may change, the commit itself, and the name of what it made.
#include <algorithm>
#include <set>
#include <tuple>

#include "catalog/data_subjects.h"
#include "common/ids.h"
#include "common/log.h"
#include "query/expectation_actions.h"
#include "query/messages.h"
#include "query/provider_server.h"
#include "query/shallow_clones.h"
#include "tables/delta/clone.h"
#include "tables/delta/commit.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"
#include "tables/delta/table_definition.h"
#include "tables/delta/table_rules.h"

namespace neurolake::query {

namespace json = boost::json;
using engine::duckdb::LakeCommit;
using engine::duckdb::TableEntry;

namespace {

/// Ids of the columns that are encrypted.
Result<std::set<std::string>> EncryptedColumns(const std::string& schema_string) {
  std::set<std::string> ids;
  if (schema_string.find(tables::delta::kEncryptionKey) == std::string::npos) return ids;
  NL_ASSIGN_OR_RETURN(const auto schema, tables::delta::ParseSchema(schema_string));
  for (const auto& field : schema.fields) {
    NL_ASSIGN_OR_RETURN(const auto encryption, tables::delta::EncryptionOf(field));
    if (encryption) ids.insert(encryption->column_id);
  }
  return ids;
}

/// Whether a column is encrypted in the schema `after` that was not in `before`.
Result<bool> HidesColumns(const std::string& before, const std::string& after) {
  NL_ASSIGN_OR_RETURN(const auto hidden, EncryptedColumns(after));
  NL_ASSIGN_OR_RETURN(const auto known, EncryptedColumns(before));
  return !std::ranges::includes(known, hidden);
}

}  // namespace

Result<void> ProviderServer::CheckDefinition(tables::delta::CommitRequest& request) const {
  if (request.protocol || !request.domains.empty()) NL_RETURN_IF_ERROR(Require(Right::kCreate));
  // Rows alone, which most commits are: nothing to compare, no read.
  if (!request.protocol && !request.metadata && request.domains.empty()) return {};
  if (request.read_version < 0) return Require(Right::kCreate);
  auto found = tables::delta::FindTableDefinition(ctx_, store_, request.table_path, request.read_version);
  if (!found.has_value() && found.error().code() == ErrorCode::kNotSupported) {
    // In a Parquet checkpoint, which the server does not read: what cannot be compared counts as changed.
    return Require(Right::kCreate);
  }
  if (!found.has_value()) return std::unexpected(std::move(found).error());
  if (request.metadata && !tables::delta::OnlyIdentityMarksMoved(found->metadata, *request.metadata)) {
    NL_RETURN_IF_ERROR(Require(Right::kCreate));
  }
  request.snapshot_protocol = std::move(found->protocol);
  request.snapshot_metadata = std::move(found->metadata);
  return {};
}

Result<void> ProviderServer::CheckGroupCommit(const engine::duckdb::LakeCommit& commit) const {
  if (commit.table != group_->table) return Refused("a group's commit to another table");
  const tables::delta::CommitRequest& request = commit.request;
  if (request.metadata || request.protocol || !request.domains.empty() || !request.changes.empty()) {
    return Refused("a group that changes more than rows");
  }
  // First the members' rows, then at most what moves rows into other files.
  if (!committed_version_) {
    if (!request.removes.empty() || !request.blind_append) return Refused("a group that does more than append");
    return {};
  }
  const auto changes_rows = [](const auto& file) { return file.data_change; };
  if (std::ranges::any_of(request.adds, changes_rows) || std::ranges::any_of(request.removes, changes_rows)) {
    return Refused("a group that changes rows after its own");
  }
  return {};
}

Result<void> ProviderServer::CheckTransactions(const engine::duckdb::LakeCommit& commit) const {
  // What follows the statement's own version, or goes beside it, is not the application's.
  const bool due = transaction_ && !commit.beside && !committed_version_;
  bool found = false;
  for (const auto& given : commit.request.transactions) {
    if (given.app_id.starts_with("neurolake.")) continue;  // Ledgers of loads, promotions and quarantines.
    found = due && given.app_id == transaction_->application_id && given.version == transaction_->version;
    if (!found) return Refused("a transaction that the request does not name");
  }
  if (due && !found) return Refused("a commit without the transaction of its request");
  return {};
}

Result<tables::delta::CommitOutcome> ProviderServer::Publish(const engine::duckdb::LakeCommit& commit) {
  const auto clone = prepared_clones_.find(commit.table);
  if (clone == prepared_clones_.end()) return tables::delta::Commit(ctx_, store_, commit.request);
  const auto foreign = tables::delta::ForeignPaths(commit.request.adds);
  NL_ASSIGN_OR_RETURN(const std::string list, WriteCloneList(store_, commit.request.table_path, foreign));
  const auto publish = [&]() -> Result<tables::delta::CommitOutcome> {
    NL_RETURN_IF_ERROR(CheckCloneIsWhole(prepared_.at(commit.table), clone->second, foreign));
    return tables::delta::Commit(ctx_, store_, commit.request);
  };
  auto committed = publish();
  if (!committed.has_value() && committed.error().code() != ErrorCode::kCommitUnknown) {
    std::ignore = store_.Delete(list);
    // Of a table that is there already another statement may make a clone, too.
    if (prepared_new_.contains(commit.table)) {
      prepared_clones_.erase(clone);
      std::ignore = catalog_.ForgetDroppedTable(commit.table);
    }
  }
  return committed;
}

Result<StatementEffects::Publication> ProviderServer::JudgeCommit(LakeCommit& commit) {
  if (group_) NL_RETURN_IF_ERROR(CheckGroupCommit(commit));
  NL_RETURN_IF_ERROR(CheckTransactions(commit));
  NL_RETURN_IF_ERROR(CheckStillShown());
  StatementEffects::Publication publication{.table = commit.table, .name = {}};
  if (const auto prepared = prepared_.find(commit.table); prepared != prepared_.end()) {
    const TableEntry& table = prepared->second;
    NL_RETURN_IF_ERROR(Require(Right::kCreate));
    if (!prepared_new_.contains(commit.table)) {
      NL_ASSIGN_OR_RETURN(const auto replaced, catalog_.FindTable(commit.table));
      if (replaced) NL_RETURN_IF_ERROR(CheckMayReplace(*replaced));
    }
    commit.request.table_path = table.location;
    publication.name = table.schema_name + "." + table.table_name;
    NL_RETURN_IF_ERROR(CheckActions(commit.request, table));
  } else {
    NL_RETURN_IF_ERROR(Require(Right::kWrite));
    NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(commit.table));
    if (!table) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
    if (!group_ && !Erases(table->id)) NL_RETURN_IF_ERROR(RequireModify(*table));
    commit.request.table_path = table->location;
    publication.name = table->schema_name + "." + table->name;
    NL_RETURN_IF_ERROR(CheckDefinition(commit.request));
    NL_ASSIGN_OR_RETURN(const TableEntry entry, EntryOf(catalog_, *table));
    NL_RETURN_IF_ERROR(CheckActions(commit.request, entry));
  }
  commit.request.user_name = ctx_.principal().name;
  commit.request.statement_id = statement_id_;
  commit.request.engine_info = "NeuroLake/" NL_VERSION;
  if (group_) {
    commit.request.user_name = group_->user_name;
    // What follows is the table's upkeep, not the members'.
    if (!committed_version_) commit.request.grouped_statements = group_->statement_ids;
  }
  for (const auto& add : commit.request.adds) {
    if (!add.data_change) continue;
    ++publication.files;
    publication.bytes += add.size_bytes;
  }
  return publication;
}

Result<void> ProviderServer::AddName(const TableEntry& table, bool published) {
  const auto added = catalog_.AddTable({.id = table.id,
                                        .schema_name = table.schema_name,
                                        .name = table.table_name,
                                        .location = table.location,
                                        .managed = table.managed,
                                        .owner = ctx_.principal().owner(),
                                        .created = ctx_.clock().Now()});
  if (added.has_value() || !published) return added;
  // Only the answer may have been lost.
  const auto found = catalog_.FindTable(table.id);
  if (found.has_value() && found->has_value()) return {};
  const Error& reason = added.error();
  const bool nameless = found.has_value() && reason.code() != ErrorCode::kCommitUnknown;
  if (table.managed && nameless) {
    // Nobody else ever heard of the place: no log, no table, and the worker takes its files back.
    const std::string first = table.location + "/_delta_log/00000000000000000000";
    const auto undone = store_.Delete(first + ".json");
    std::ignore = store_.Delete(first + ".crc");
    if (undone.has_value()) {
      // What a clone has of its source: files, policies.
      std::ignore = catalog_.ForgetDroppedTable(table.id);
      return added;
    }
  }
  // At a LOCATION somebody may have read the version by now, or have written the next. The files have to stay.
  if (!table.managed && nameless) {
    return MakeError(ErrorCode::kCommitUnknown,
                     "the table was written to its LOCATION, but did not get its name: {}. CREATE TABLE ... LOCATION, "
                     "without columns and rows, gives it one",
                     reason.message());
  }
  return MakeError(ErrorCode::kCommitUnknown, "the table was written, but whether it got its name is not known: {}",
                   reason.message());
}

Result<bool> ProviderServer::AddNameAsAsked(const TableId& id, bool published) {
  const TableEntry& table = prepared_.at(id);
  auto added = AddName(table, published);
  if (added.has_value()) return true;
  const engine::duckdb::TableCreation& creation = prepared_new_.at(id);
  const bool taken = added.error().code() == ErrorCode::kAlreadyExists;
  if (!taken || (!creation.if_not_exists && !creation.or_replace)) return std::unexpected(std::move(added).error());
  // The name was free when the statement began.
  if (creation.if_not_exists) {
    NL_ASSIGN_OR_RETURN(const auto found, catalog_.FindTable(table.schema_name, table.table_name));
    if (found) return false;
  }
  return MakeError(ErrorCode::kConflict, "the name was taken while the statement ran, run it again: {}.{}",
                   table.schema_name, table.table_name);
}

void ProviderServer::ForgetPrepared(const TableId& id) {
  prepared_.erase(id);
  prepared_new_.erase(id);
  prepared_clones_.erase(id);
}

void ProviderServer::NoteComment(const LakeCommit& commit) {
  // An identity column moves its mark with each commit: only a comment that differs is written.
  if (!commit.request.metadata) return;
  const std::string& comment = commit.request.metadata->description;
  const auto table = catalog_.FindTable(commit.table);
  if (!table.has_value() || !table->has_value() || (*table)->comment == comment) return;
  if (const auto noted = catalog_.SetTableComment(commit.table, comment); !noted) {
    Log(LogLevel::kWarn, "the catalogue did not take a table's comment", ctx_.request_id(),
        {{"table", commit.table.value()}, {"reason", noted.error().message()}});
  }
}

Result<std::string> ProviderServer::HoldClearStatistics(const LakeCommit& commit) {
  const auto& request = commit.request;
  if (!request.metadata || request.read_version < 0) return std::string();
  // What a statement that replaces the table says of what was there is not compared with the log.
  const bool is_known = request.snapshot_metadata && !prepared_.contains(commit.table);
  NL_ASSIGN_OR_RETURN(const bool hides,
                      HidesColumns(is_known ? request.snapshot_metadata->schema_string : std::string(),
                                   request.metadata->schema_string));
  if (!hides) return std::string();
  std::string hold = NewUuid();
  NL_RETURN_IF_ERROR(catalog_.data_subjects().HoldStatistics(commit.table, request.read_version + 1, hold));
  return hold;
}

void ProviderServer::SettleStatistics(const LakeCommit& commit, const std::string& hold,
                                      const Result<tables::delta::CommitOutcome>& committed) {
  if (hold.empty()) return;
  const auto code = committed.has_value() ? std::nullopt : std::optional(committed.error().code());
  // What is damaged in the log may be of this commit, too.
  const bool is_in_doubt = code == ErrorCode::kCommitUnknown || code == ErrorCode::kCorruption;
  const auto settle = [&]() -> Result<void> {
    auto& subjects = catalog_.data_subjects();
    if (is_in_doubt) {
      // It may have followed versions that others made, which have the column in the clear, too.
      NL_ASSIGN_OR_RETURN(const auto log, tables::delta::ListLog(store_, commit.request.table_path, std::nullopt));
      return subjects.HoldStatistics(commit.table, log.version + 1, hold);
    }
    if (committed.has_value()) NL_RETURN_IF_ERROR(subjects.RaiseStatisticsFloor(commit.table, committed->version));
    return subjects.ReleaseStatistics(hold);
  };
  const auto settled = settle();
  if (settled.has_value()) return;
  Log(LogLevel::kWarn, "what is kept of the statistics of a table whose column was to be encrypted is not settled",
      ctx_.request_id(), {{"table", commit.table.value()}, {"reason", settled.error().message()}});
}

Result<json::value> ProviderServer::Commit(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(LakeCommit commit, DecodeCommit(arguments));
  NL_ASSIGN_OR_RETURN(StatementEffects::Publication publication, JudgeCommit(commit));
  const bool is_new = prepared_new_.contains(commit.table);
  if (commit.register_only && !is_new) return Refused("a registration of a table that has a name");
  std::vector<catalog::ExpectationResult> expectations;
  if (!is_new) {
    const bool of_group = group_ && !committed_version_;
    NL_ASSIGN_OR_RETURN(expectations,
                        of_group ? JudgeGroup(ctx_, catalog_, group_->statement_ids, group_->expectations, commit)
                                 : JudgeExpectations(ctx_, catalog_, StatementId(statement_id_), commit));
  }
  if (!commit.register_only) {
    const auto& metadata = commit.request.metadata;
    NL_RETURN_IF_ERROR(CarryTags(commit.table, publication.name, metadata ? metadata->schema_string : std::string()));
  }
  tables::delta::CommitOutcome outcome{.version = commit.request.read_version, .timestamp = ctx_.clock().Now()};
  if (!commit.register_only) {
    // Before there is a version with the column encrypted: what was found in those in the clear may come at any time.
    std::string hold;
    if (!is_new) {
      NL_ASSIGN_OR_RETURN(hold, HoldClearStatistics(commit));
    }
    auto committed = Publish(commit);
    SettleStatistics(commit, hold, committed);
    if (!committed.has_value()) {
      if (committed.error().code() == ErrorCode::kCommitUnknown && !commit.beside) commit_in_doubt_ = committed.error();
      return std::unexpected(std::move(committed).error());
    }
    outcome = *committed;
    if (!commit.beside) {
      committed_version_ = outcome.version;
      ReleaseLane();
    }
    RecordExpectations(ctx_, catalog_, std::move(expectations), outcome.version);
  }
  // The log first, then the name: a crash between the two leaves files that nobody sees, never a name without a table.
  bool made = true;
  if (is_new) {
    auto named = AddNameAsAsked(commit.table, !commit.register_only);
    // What was taken back was never committed.
    if (!named.has_value() && named.error().code() != ErrorCode::kCommitUnknown) committed_version_.reset();
    NL_ASSIGN_OR_RETURN(made, std::move(named));
  }
  if (!made) {
    committed_version_.reset();
    ForgetPrepared(commit.table);
    return json::value{{"version", -1}, {"timestamp_us", 0}, {"rebases", 0}};
  }
  NoteComment(commit);
  publication.version = outcome.version;
  if (!commit.register_only && !commit.beside) effects_.published.push_back(std::move(publication));
  ForgetPrepared(commit.table);
  const auto timestamp_us = outcome.timestamp.time_since_epoch().count();
  return json::value{{"version", outcome.version}, {"timestamp_us", timestamp_us}, {"rebases", outcome.rebases}};
}

}  // namespace neurolake::query
