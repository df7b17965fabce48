// What scans for personal data found, and how likely it has to be, in the metadata store.
#include <map>

#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {

using metastore::MakeStorable;
using metastore::Row;
using metastore::Session;

namespace {

struct Decision {
  std::string state = "proposed";
  std::string by;
};

/// What was decided on findings of one table.
struct Decisions {
  std::map<std::pair<std::string, std::string>, Decision> by_entity;  ///< By column and entity.
  std::map<std::pair<std::string, std::string>, std::string> tags;    ///< By column and tag: who set it.

  Decision Of(const PersonalDataFinding& finding) const {
    const auto known = by_entity.find({finding.column_id, finding.entity});
    if (known != by_entity.end() && known->second.state != "proposed") return known->second;
    const auto tag = tags.find({finding.column_id, finding.tag});
    return tag == tags.end() ? Decision{} : Decision{.state = "accepted", .by = tag->second};
  }
};

Result<Decisions> DecisionsOn(Session& session, const TableId& table) {
  Decisions decisions;
  NL_ASSIGN_OR_RETURN(const auto known,
                      session.Query("SELECT column_id, entity, state, decided_by FROM pii_findings WHERE table_id = ?",
                                    {table.value()}));
  for (const Row& row : known) {
    decisions.by_entity[{TextAt(row, 0), TextAt(row, 1)}] = {.state = TextAt(row, 2), .by = TextAt(row, 3)};
  }
  NL_ASSIGN_OR_RETURN(const auto tags, session.Query("SELECT column_name, tag, set_by FROM tags WHERE relation_id = ?",
                                                     {table.value()}));
  for (const Row& row : tags) decisions.tags[{TextAt(row, 0), TextAt(row, 1)}] = TextAt(row, 2);
  return decisions;
}

}  // namespace

Result<void> StoreCatalog::SavePersonalData(const TableId& table, const std::vector<PersonalDataFinding>& findings,
                                            bool replaces) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto found,
                        session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'", {table.value()}));
    if (found.empty()) return MakeError(ErrorCode::kNotFound, "the table of the findings is not there any more");
    NL_ASSIGN_OR_RETURN(const Decisions decisions, DecisionsOn(session, table));
    if (replaces) {
      NL_RETURN_IF_ERROR(
          session.Execute("DELETE FROM pii_findings WHERE table_id = ? AND state = 'proposed'", {table.value()}));
    }
    for (const PersonalDataFinding& one : findings) {
      const Decision decision = decisions.Of(one);
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM pii_findings WHERE table_id = ? AND column_id = ? AND entity = ?",
                                         {table.value(), MakeStorable(one.column_id), one.entity}));
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO pii_findings (table_id, column_id, column_name, entity, tag, confidence, in_text, also, "
          "evidence, version, rows_scanned, found, found_by, state, decided_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?, ?, ?, ?, ?)",
          {table.value(), MakeStorable(one.column_id), MakeStorable(one.column_name), one.entity, one.tag,
           one.confidence, int64_t{one.in_text ? 1 : 0}, one.also, MakeStorable(one.evidence), one.version,
           one.rows_scanned, ToValue(one.found), one.found_by, decision.state, decision.by}));
    }
    return {};
  });
}

Result<std::vector<std::pair<TableRecord, PersonalDataFinding>>> StoreCatalog::ListPersonalData() {
  NL_ASSIGN_OR_RETURN(const auto tables, ReadTables("", {}));
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT table_id, column_id, column_name, entity, tag, confidence, in_text, also, evidence, version, "
          "rows_scanned, found, found_by, state, decided_by FROM pii_findings ORDER BY table_id, column_name, entity"));
  std::map<std::string, const TableRecord*> by_id;
  for (const TableRecord& table : tables) by_id[table.id.value()] = &table;
  std::vector<std::pair<TableRecord, PersonalDataFinding>> found;
  for (const Row& row : rows) {
    const auto table = by_id.find(TextAt(row, 0));
    if (table == by_id.end()) continue;  // Dropped; UNDROP brings its findings back.
    found.emplace_back(*table->second, PersonalDataFinding{.column_id = TextAt(row, 1),
                                                           .column_name = TextAt(row, 2),
                                                           .entity = TextAt(row, 3),
                                                           .tag = TextAt(row, 4),
                                                           .confidence = std::get<double>(row.at(5)),
                                                           .in_text = NumberAt(row, 6) != 0,
                                                           .also = TextAt(row, 7),
                                                           .evidence = TextAt(row, 8),
                                                           .version = NumberAt(row, 9),
                                                           .rows_scanned = NumberAt(row, 10),
                                                           .found = TimeAt(row, 11),
                                                           .found_by = TextAt(row, 12),
                                                           .state = TextAt(row, 13),
                                                           .decided_by = TextAt(row, 14)});
  }
  return found;
}

Result<void> StoreCatalog::SetPersonalDataThreshold(const PersonalDataThreshold& threshold) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM pii_thresholds WHERE subject = ?", {threshold.subject}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO pii_thresholds (subject, threshold, set_by, set_at) VALUES (?, ?, ?, ?)",
        {threshold.subject, threshold.threshold, MakeStorable(threshold.set_by), ToValue(threshold.set_at)}));
    return {};
  });
}

Result<void> StoreCatalog::ResetPersonalDataThreshold(const std::string& subject) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM pii_thresholds WHERE subject = ?", {subject}));
    return {};
  });
}

Result<std::vector<PersonalDataThreshold>> StoreCatalog::ListPersonalDataThresholds() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT subject, threshold, set_by, set_at FROM pii_thresholds ORDER BY subject"));
  std::vector<PersonalDataThreshold> thresholds;
  for (const Row& row : rows) {
    thresholds.push_back({.subject = TextAt(row, 0),
                          .threshold = std::get<double>(row.at(1)),
                          .set_by = TextAt(row, 2),
                          .set_at = TimeAt(row, 3)});
  }
  return thresholds;
}

}  // namespace neurolake::catalog
