#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "common/text.h"
#include "engine/duckdb/lake_provider.h"
#include "tables/delta/commit.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// A server's catalogue in memory: every name is visible, tables lie below `root`, commits go to the store at once.
class FakeLakeProvider : public LakeProvider {
 public:
  FakeLakeProvider(const RequestContext& context, storage::ObjectStore& store, std::string root)
      : context_(context), store_(store), root_(std::move(root)) {}

  Result<bool> SchemaExists(const std::string& name) override { return schemas_.contains(name); }
  Result<std::vector<std::string>> ListSchemas() override {
    return std::vector<std::string>(schemas_.begin(), schemas_.end());
  }
  Result<std::optional<TableEntry>> FindTable(const RelationName& name) override {
    const auto found = tables_.find(Key(name));
    return found == tables_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::optional<ViewEntry>> FindView(const RelationName& name) override {
    const auto found = views_.find(Key(name));
    return found == views_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::vector<std::string>> ListRelations(const std::string&) override { return std::vector<std::string>{}; }

  Result<void> ChangeName(const NameChange& change) override {
    changes.push_back(change);
    const std::string key = change.schema_name + "." + change.name;
    switch (change.kind) {
      case NameChange::Kind::kCreateSchema: schemas_.insert(change.schema_name); break;
      case NameChange::Kind::kDropSchema: schemas_.erase(change.schema_name); break;
      case NameChange::Kind::kDropTable: tables_.erase(key); break;
      case NameChange::Kind::kDropView: views_.erase(key); break;
      case NameChange::Kind::kRenameTable: return MakeError(ErrorCode::kNotSupported, "renaming a table");
      case NameChange::Kind::kCreateView:
        views_[key] = {change.schema_name, change.name, change.view_sql, change.view_columns};
        break;
    }
    return {};
  }

  Result<PreparedTable> PrepareTable(const TableCreation& creation) override {
    const std::string key = creation.schema_name + "." + creation.table_name;
    if (auto found = tables_.find(key); found != tables_.end()) {
      if (creation.or_replace || creation.if_not_exists) return PreparedTable{found->second, true};
      return MakeError(ErrorCode::kAlreadyExists, "the table exists: {}", key);
    }
    TableEntry entry;
    entry.id = TableId(NewUuid());
    entry.schema_name = creation.schema_name;
    entry.table_name = creation.table_name;
    entry.managed = creation.location.empty();
    entry.location = entry.managed ? root_ + "/" + entry.id.value() : creation.location;
    prepared_[entry.id] = entry;
    return PreparedTable{entry, false};
  }

  Result<tables::delta::CommitOutcome> Commit(const LakeCommit& commit) override {
    commits.push_back(commit);
    if (next_commit_error) {
      Error error = *next_commit_error;
      next_commit_error.reset();
      return std::unexpected(std::move(error));
    }
    tables::delta::CommitOutcome outcome;
    if (commit.register_only) {
      outcome.version = commit.request.read_version;
    } else {
      NL_ASSIGN_OR_RETURN(outcome, tables::delta::Commit(context_, store_, commit.request));
    }
    if (commit.register_as) {
      tables_[Key(*commit.register_as)] = prepared_.at(commit.table);
    }
    return outcome;
  }

  Result<std::vector<std::string>> ReadSystemRows(const std::string& relation, int64_t offset) override {
    const auto& rows = system_rows[relation];
    // Pages of two, so that tests see more than one.
    std::vector<std::string> page;
    for (auto i = static_cast<size_t>(offset); i < rows.size() && page.size() < 2; ++i) page.push_back(rows[i]);
    return page;
  }

  TableEntry Table(const std::string& key) const { return tables_.at(key); }
  /// A table that something else wrote and that was registered, in schema `main`.
  void AddTable(const std::string& name, const std::string& location) {
    tables_["main." + name] = {
        .id = TableId(NewUuid()), .schema_name = "main", .table_name = name, .location = location, .managed = false};
  }

  std::vector<NameChange> changes;
  std::vector<LakeCommit> commits;
  std::optional<Error> next_commit_error;
  std::map<std::string, std::vector<std::string>> system_rows;  ///< By relation; JSON arrays.

 private:
  static std::string Key(const RelationName& name) { return name.schema_name + "." + name.name; }

  const RequestContext& context_;
  storage::ObjectStore& store_;
  std::string root_;
  std::set<std::string> schemas_{"main"};
  std::map<std::string, TableEntry> tables_;
  std::map<std::string, ViewEntry> views_;
  std::map<TableId, TableEntry> prepared_;
};

}  // namespace neurolake::engine::duckdb
