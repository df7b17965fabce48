// Data subjects, erasures and what they have to reach in the metadata store.
#include "catalog/data_subjects.h"

#include <algorithm>

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_data_subjects.h"
#include "metastore/stored_text.h"
#include "metastore/table_names.h"

namespace neurolake::catalog {
namespace {

using metastore::MakeStorable;
using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr int64_t kPageRows = 1000;

Result<void> InsertColumns(Session& session, const std::string& subject_id,
                           const std::vector<DataSubjectColumn>& columns) {
  for (const DataSubjectColumn& column : columns) {
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO data_subject_columns (subject_id, table_id, column_id, column_name, identifier) "
                        "VALUES (?, ?, ?, ?, ?)",
                        {subject_id, column.table.value(), MakeStorable(column.column_id),
                         MakeStorable(column.column_name), MakeStorable(column.identifier)}));
  }
  return {};
}

Result<void> RemoveGrant(Session& session, const DataSubjectGrant& grant) {
  NL_RETURN_IF_ERROR(
      session.Execute("DELETE FROM data_subject_grants WHERE subject_id = ? AND grantee_kind = ? AND grantee_id = ?",
                      {grant.subject_id, grant.grantee_kind, grant.grantee_id}));
  return {};
}

}  // namespace

Result<std::vector<DataSubjectRecord>> StoreDataSubjects::ReadSubjects(const std::string& where,
                                                                       const std::string& value) {
  std::vector<Value> arguments;
  if (!where.empty()) arguments.emplace_back(value);
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT s.id, s.name, s.created_by, s.created, c.table_id, c.column_id, c.column_name, "
                      "c.identifier FROM data_subjects s LEFT JOIN data_subject_columns c ON c.subject_id = s.id " +
                          where + " ORDER BY s.name, c.table_id, c.column_id",
                      arguments));
  std::vector<DataSubjectRecord> subjects;
  for (const Row& row : rows) {
    if (subjects.empty() || subjects.back().id != TextAt(row, 0)) {
      subjects.push_back({.id = TextAt(row, 0),
                          .name = TextAt(row, 1),
                          .created_by = TextAt(row, 2),
                          .created = TimeAt(row, 3),
                          .columns = {}});
    }
    if (std::holds_alternative<std::monostate>(row.at(4))) continue;
    subjects.back().columns.push_back({.table = TableId(TextAt(row, 4)),
                                       .column_id = TextAt(row, 5),
                                       .column_name = TextAt(row, 6),
                                       .identifier = TextAt(row, 7)});
  }
  return subjects;
}

Result<void> StoreDataSubjects::AddSubject(const DataSubjectRecord& subject) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("data subject", subject.name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM data_subjects WHERE name = ?", {name}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a data subject of this name already: {}", name);
    }
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO data_subjects (id, name, created_by, created) VALUES (?, ?, ?, ?)",
                                       {subject.id, name, MakeStorable(subject.created_by), ToValue(subject.created)}));
    return InsertColumns(session, subject.id, subject.columns);
  });
}

Result<void> StoreDataSubjects::SetColumns(const std::string& subject_id,
                                           const std::vector<DataSubjectColumn>& columns) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto found, session.Query("SELECT 1 FROM data_subjects WHERE id = ?", {subject_id}));
    if (found.empty()) return MakeError(ErrorCode::kNotFound, "the data subject is not there any more");
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_subject_columns WHERE subject_id = ?", {subject_id}));
    return InsertColumns(session, subject_id, columns);
  });
}

Result<void> StoreDataSubjects::DropSubject(const std::string& name) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto found, session.Query("SELECT id FROM data_subjects WHERE name = ?", {name}));
    if (found.empty()) return MakeError(ErrorCode::kNotFound, "there is no such data subject: {}", name);
    const std::string& id = TextAt(found[0], 0);
    NL_ASSIGN_OR_RETURN(const auto running,
                        session.Query("SELECT 1 FROM erasures WHERE subject_id = ? AND state = 'running'", {id}));
    if (!running.empty()) {
      return MakeError(ErrorCode::kDependentObjects,
                       "an erasure of the data subject has not ended, run its FORGET SUBJECT again: {}", name);
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_subject_grants WHERE subject_id = ?", {id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_subject_columns WHERE subject_id = ?", {id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM data_subjects WHERE id = ?", {id}));
    return {};
  });
}

Result<std::optional<DataSubjectRecord>> StoreDataSubjects::FindSubject(const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto found, ReadSubjects("WHERE s.name = ?", name));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::vector<DataSubjectRecord>> StoreDataSubjects::ListSubjects() { return ReadSubjects("", ""); }

Result<void> StoreDataSubjects::AddSubjectGrant(const DataSubjectGrant& grant) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(RemoveGrant(session, grant));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO data_subject_grants (subject_id, grantee_kind, grantee_id, denied, granted_by, "
                        "created) VALUES (?, ?, ?, ?, ?, ?)",
                        {grant.subject_id, grant.grantee_kind, grant.grantee_id, int64_t{grant.denied ? 1 : 0},
                         MakeStorable(grant.granted_by), ToValue(grant.created)}));
    return {};
  });
}

Result<void> StoreDataSubjects::RemoveSubjectGrant(const DataSubjectGrant& grant) {
  return store_.Write([&](Session& session) { return RemoveGrant(session, grant); });
}

Result<std::vector<DataSubjectGrant>> StoreDataSubjects::SubjectGrants(const std::string& subject_id) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT grantee_kind, grantee_id, denied, granted_by, created FROM "
                                      "data_subject_grants WHERE subject_id = ? ORDER BY grantee_kind, grantee_id",
                                      {subject_id}));
  std::vector<DataSubjectGrant> grants;
  for (const Row& row : rows) {
    grants.push_back({.subject_id = subject_id,
                      .grantee_kind = TextAt(row, 0),
                      .grantee_id = TextAt(row, 1),
                      .denied = NumberAt(row, 2) != 0,
                      .granted_by = TextAt(row, 3),
                      .created = TimeAt(row, 4)});
  }
  return grants;
}

Result<void> StoreDataSubjects::SaveErasure(const ErasureRecord& e) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM erasures WHERE id = ?", {e.id}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO erasures (id, subject_id, subject_name, key_hash, state, principal, statement_id, started, ended, "
        "report, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {e.id, e.subject_id, e.subject_name, e.key_hash, e.state, MakeStorable(e.principal), e.statement.value(),
         ToValue(e.started), ToValue(e.ended), MakeStorable(e.report), e.sealed}));
    return {};
  });
}

Result<std::vector<ErasureRecord>> StoreDataSubjects::ReadErasures(const std::string& where,
                                                                   const std::vector<Value>& values) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT id, subject_id, subject_name, key_hash, state, principal, statement_id, "
                                      "started, ended, report, sealed FROM erasures " +
                                          where + " ORDER BY started DESC, id DESC",
                                      values));
  std::vector<ErasureRecord> erasures;
  for (const Row& row : rows) {
    erasures.push_back({.id = TextAt(row, 0),
                        .subject_id = TextAt(row, 1),
                        .subject_name = TextAt(row, 2),
                        .key_hash = TextAt(row, 3),
                        .state = TextAt(row, 4),
                        .principal = TextAt(row, 5),
                        .statement = StatementId(TextAt(row, 6)),
                        .started = TimeAt(row, 7),
                        .ended = OptionalTimeAt(row, 8),
                        .report = TextAt(row, 9),
                        .sealed = TextAt(row, 10)});
  }
  return erasures;
}

Result<std::optional<ErasureRecord>> StoreDataSubjects::FindErasure(const std::string& subject_id,
                                                                    const std::string& key_hash) {
  NL_ASSIGN_OR_RETURN(
      auto found, ReadErasures("WHERE subject_id = ? AND key_hash = ? AND state = 'running'", {subject_id, key_hash}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::optional<ErasureRecord>> StoreDataSubjects::FindErasure(const std::string& id) {
  NL_ASSIGN_OR_RETURN(auto found, ReadErasures("WHERE id = ?", {id}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::vector<ErasureRecord>> StoreDataSubjects::ListErasures() { return ReadErasures("", {}); }

Result<std::vector<ErasureRecord>> StoreDataSubjects::ErasuresSince(WallTime time) {
  return ReadErasures("WHERE state = 'running' OR ended >= ?", {ToValue(time)});
}

Result<int64_t> StoreDataSubjects::EraseStatistics(const std::vector<TableId>& tables) {
  int64_t erased = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    erased = 0;
    for (const TableId& table : tables) {
      NL_ASSIGN_OR_RETURN(const int64_t statistics,
                          session.Execute("DELETE FROM table_statistics WHERE table_id = ?", {table.value()}));
      NL_ASSIGN_OR_RETURN(const int64_t profiles,
                          session.Execute("UPDATE expectation_results SET profile = '' WHERE table_id = ? AND "
                                          "profile <> ''",
                                          {table.value()}));
      erased += statistics + profiles;
    }
    return {};
  }));
  return erased;
}

namespace {

/// What is kept of the values of versions before `version` goes.
Result<void> ForgetValuesBefore(Session& session, const TableId& table, int64_t version) {
  NL_RETURN_IF_ERROR(
      session.Execute("DELETE FROM table_statistics WHERE table_id = ? AND version < ?", {table.value(), version}));
  NL_RETURN_IF_ERROR(
      session.Execute("UPDATE expectation_results SET profile = '' WHERE table_id = ? AND profile <> '' AND (version "
                      "IS NULL OR version < ?)",
                      {table.value(), version}));
  return {};
}

}  // namespace

Result<void> StoreDataSubjects::RaiseStatisticsFloor(const TableId& table, int64_t version) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO statistics_floors (table_id, version) VALUES (?, ?) ON CONFLICT (table_id) DO UPDATE SET version "
        "= "
        "CASE WHEN excluded.version > statistics_floors.version THEN excluded.version ELSE statistics_floors.version "
        "END",
        {table.value(), version}));
    return ForgetValuesBefore(session, table, version);
  });
}

Result<void> StoreDataSubjects::HoldStatistics(const TableId& table, int64_t version, const std::string& hold) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO statistics_holds (id, table_id, version) VALUES (?, ?, ?) ON CONFLICT (id) DO "
                        "UPDATE SET version = excluded.version",
                        {hold, table.value(), version}));
    return ForgetValuesBefore(session, table, version);
  });
}

Result<void> StoreDataSubjects::ReleaseStatistics(const std::string& hold) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM statistics_holds WHERE id = ?", {hold}));
    return {};
  });
}

Result<int64_t> StoreDataSubjects::ChangeStatementTexts(const std::function<bool(StatementText&)>& change) {
  int64_t changed = 0;
  std::string after;
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        store_.ReadOnce("SELECT id, sql_text, error_message, tables_json FROM statements WHERE id > ? "
                                        "ORDER BY id LIMIT ?",
                                        {after, kPageRows}));
    if (rows.empty()) return changed;
    after = TextAt(rows.back(), 0);
    for (const Row& row : rows) {
      StatementText text{.text = TextAt(row, 1), .error_message = TextAt(row, 2), .tables_json = TextAt(row, 3)};
      if (!change(text)) continue;
      NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
        NL_RETURN_IF_ERROR(
            session.Execute("UPDATE statements SET sql_text = ?, error_message = ? WHERE id = ?",
                            {MakeStorable(text.text), MakeStorable(text.error_message), TextAt(row, 0)}));
        return {};
      }));
      ++changed;
    }
  }
}

Result<int64_t> StoreDataSubjects::EraseEvents(const std::function<bool(const std::string&)>& holds) {
  int64_t erased = 0;
  std::string after;
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, body FROM event_outbox WHERE id > ? ORDER BY id "
                                                         "LIMIT ?",
                                                         {after, kPageRows}));
    if (rows.empty()) return erased;
    after = TextAt(rows.back(), 0);
    for (const Row& row : rows) {
      if (!holds(TextAt(row, 1))) continue;
      NL_RETURN_IF_ERROR(store_.WriteRelaxed("DELETE FROM event_outbox WHERE id = ?", {TextAt(row, 0)}));
      ++erased;
    }
  }
}

Result<int64_t> StoreDataSubjects::EraseLineageNames(const std::function<bool(const std::string&)>& holds) {
  int64_t erased = 0;
  std::string after;
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        store_.ReadOnce("SELECT id, source_name FROM lineage WHERE id > ? AND source_kind = 'file' "
                                        "ORDER BY id LIMIT ?",
                                        {after, kPageRows}));
    if (rows.empty()) return erased;
    after = TextAt(rows.back(), 0);
    for (const Row& row : rows) {
      if (!holds(TextAt(row, 1))) continue;
      NL_RETURN_IF_ERROR(
          store_.WriteRelaxed("UPDATE lineage SET source_name = '[erased]' WHERE id = ?", {TextAt(row, 0)}));
      ++erased;
    }
  }
}

Result<int64_t> StoreDataSubjects::EraseKeptAnswers(bool erase) {
  // They hold what questions said; a cache is not searched, but emptied.
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT count(*) FROM kept_answers"));
  if (erase) NL_RETURN_IF_ERROR(store_.WriteRelaxed("DELETE FROM kept_answers"));
  return NumberAt(rows.at(0), 0);
}

Result<std::vector<std::pair<std::string, int64_t>>> StoreDataSubjects::FindElsewhere(
    const std::function<bool(const std::string&)>& holds) {
  constexpr std::string_view kErased[] = {"statements",       "event_outbox", "lineage",
                                          "table_statistics", "kept_answers", "semantic_model_versions"};
  std::vector<std::pair<std::string, int64_t>> found;
  NL_ASSIGN_OR_RETURN(const auto tables, metastore::TableNames());
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    found.clear();
    for (const auto& table : tables) {
      if (std::ranges::find(kErased, table) != std::end(kErased)) continue;
      int64_t rows = 0;
      NL_RETURN_IF_ERROR(session.ForEach("SELECT * FROM " + table, {}, [&](const Row& row) -> Result<void> {
        const bool any = std::ranges::any_of(row, [&](const Value& value) {
          const auto* text = std::get_if<std::string>(&value);
          return text != nullptr && holds(*text);
        });
        rows += any ? 1 : 0;
        return {};
      }));
      if (rows > 0) found.emplace_back(table, rows);
    }
    return {};
  }));
  return found;
}

}  // namespace neurolake::catalog
