// Expectations and what their checks found, in the metadata store.
#include "catalog/internal/names.h"
#include "catalog/internal/relations.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectExpectations =
    "SELECT e.id, e.table_id, e.name, e.kind, e.definition, e.plan, e.action, e.foreign_table_id, e.quarantine_id, "
    "e.created_by, e.created FROM expectations e ";
constexpr std::string_view kSelectResults =
    "SELECT x.checked, x.table_id, x.expectation_id, x.name, x.action, x.version, x.rows_checked, x.violations, "
    "x.metric, x.profile, x.statement_id FROM expectation_results x ";

bool IsNull(const Row& row, size_t column) { return std::holds_alternative<std::monostate>(row.at(column)); }

std::optional<TableId> OptionalTable(const Row& row, size_t column) {
  if (IsNull(row, column)) return std::nullopt;
  return TableId(TextAt(row, column));
}

Value ToValue(const std::optional<TableId>& table) { return table ? Value(table->value()) : Value(std::monostate{}); }

ExpectationRecord ToExpectation(const Row& row) {
  return {.id = TextAt(row, 0),
          .table = TableId(TextAt(row, 1)),
          .name = TextAt(row, 2),
          .kind = TextAt(row, 3),
          .definition = TextAt(row, 4),
          .plan = TextAt(row, 5),
          .action = TextAt(row, 6),
          .foreign_table = OptionalTable(row, 7),
          .quarantine = OptionalTable(row, 8),
          .created_by = TextAt(row, 9),
          .created = TimeAt(row, 10)};
}

ExpectationResult ToResult(const Row& row) {
  ExpectationResult result{.checked = TimeAt(row, 0),
                           .table = TableId(TextAt(row, 1)),
                           .expectation = TextAt(row, 2),
                           .name = TextAt(row, 3),
                           .action = TextAt(row, 4),
                           .version = std::nullopt,
                           .rows_checked = NumberAt(row, 6),
                           .violations = NumberAt(row, 7),
                           .metric = std::nullopt,
                           .profile = TextAt(row, 9),
                           .statement = StatementId(TextAt(row, 10))};
  if (!IsNull(row, 5)) result.version = NumberAt(row, 5);
  if (!IsNull(row, 8)) result.metric = std::get<double>(row.at(8));
  return result;
}

std::vector<ExpectationRecord> ToExpectations(const std::vector<Row>& rows) {
  std::vector<ExpectationRecord> expectations;
  for (const Row& row : rows) expectations.push_back(ToExpectation(row));
  return expectations;
}

}  // namespace

Result<void> CheckNoExpectationNeeds(Session& session, const std::string& condition, const Value& condition_value) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("SELECT e.name, r.name FROM expectations e JOIN relations r ON r.id = e.table_id WHERE "
                    "(e.foreign_table_id IN (SELECT id FROM relations WHERE " +
                        condition + ") OR e.quarantine_id IN (SELECT id FROM relations WHERE " + condition +
                        ")) AND e.table_id NOT IN (SELECT id FROM relations WHERE " + condition +
                        ") ORDER BY e.name LIMIT 1",
                    {condition_value, condition_value, condition_value}));
  if (rows.empty()) return {};
  return MakeError(ErrorCode::kDependentObjects,
                   "an expectation of another table needs the table, drop that first: {} ON {}", TextAt(rows[0], 0),
                   TextAt(rows[0], 1));
}

Result<void> StoreCatalog::AddExpectation(const ExpectationRecord& expectation, bool or_replace) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("expectation", expectation.name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto table, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {expectation.table.value()}));
    if (table.empty()) return MakeError(ErrorCode::kNotFound, "the table of the expectation is not there any more");
    if (or_replace) {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM expectations WHERE table_id = ? AND name = ?",
                                         {expectation.table.value(), name}));
    }
    NL_ASSIGN_OR_RETURN(const auto known,
                        session.Query("SELECT name FROM expectations WHERE table_id = ?", {expectation.table.value()}));
    for (const Row& row : known) {
      if (TextAt(row, 0) != name) continue;
      return MakeError(ErrorCode::kAlreadyExists, "the table has an expectation of this name already: {}", name);
    }
    if (static_cast<int64_t>(known.size()) >= kExpectationsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a table has at most {} expectations", kExpectationsMax);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO expectations (id, table_id, name, kind, definition, plan, action, foreign_table_id, "
        "quarantine_id, created_by, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {expectation.id, expectation.table.value(), name, expectation.kind,
         metastore::MakeStorable(expectation.definition), metastore::MakeStorable(expectation.plan), expectation.action,
         ToValue(expectation.foreign_table), ToValue(expectation.quarantine),
         metastore::MakeStorable(expectation.created_by), catalog::ToValue(expectation.created)}));
    return {};
  });
}

Result<void> StoreCatalog::DropExpectation(const TableId& table, const std::string& name) {
  const std::string wanted = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto dropped, session.Execute("DELETE FROM expectations WHERE table_id = ? AND name = ?",
                                                            {table.value(), wanted}));
    if (dropped > 0) return {};
    return MakeError(ErrorCode::kNotFound, "the table has no such expectation: {}", wanted);
  });
}

Result<std::vector<ExpectationRecord>> StoreCatalog::ListExpectations(const TableId& table) {
  if (!metastore::IsStorableText(table.value())) return std::vector<ExpectationRecord>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE e.table_id = ? ORDER BY e.name", kSelectExpectations), {table.value()}));
  return ToExpectations(rows);
}

Result<std::vector<ExpectationRecord>> StoreCatalog::ListExpectationsReading(const TableId& foreign_table) {
  if (!metastore::IsStorableText(foreign_table.value())) return std::vector<ExpectationRecord>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE e.foreign_table_id = ? AND e.table_id IN (SELECT id FROM relations) "
                                  "ORDER BY e.name",
                                  kSelectExpectations),
                      {foreign_table.value()}));
  return ToExpectations(rows);
}

Result<std::vector<std::pair<TableRecord, ExpectationRecord>>> StoreCatalog::ListExpectations() {
  NL_ASSIGN_OR_RETURN(const auto tables, ReadTables("", {}));
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}ORDER BY e.name", kSelectExpectations)));
  std::vector<std::pair<TableRecord, ExpectationRecord>> found;
  for (const TableRecord& table : tables) {
    for (const Row& row : rows) {
      if (TextAt(row, 1) == table.id.value()) found.emplace_back(table, ToExpectation(row));
    }
  }
  return found;
}

Result<void> StoreCatalog::AddExpectationResults(const std::vector<ExpectationResult>& results) {
  if (results.empty()) return {};
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto last, session.Query("SELECT COALESCE(MAX(sequence), 0) FROM expectation_results"));
    int64_t sequence = NumberAt(last.at(0), 0);
    NL_ASSIGN_OR_RETURN(const int64_t floor, StatisticsFloor(session, results[0].table));
    for (const ExpectationResult& result : results) {
      // A profile holds values.
      const bool keeps_values = floor == 0 || (result.version && *result.version >= floor);
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO expectation_results (sequence, checked, table_id, expectation_id, name, action, version, "
          "rows_checked, violations, metric, profile, statement_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {++sequence, catalog::ToValue(result.checked), result.table.value(), result.expectation, result.name,
           result.action, result.version ? Value(*result.version) : Value(std::monostate{}), result.rows_checked,
           result.violations, result.metric ? Value(*result.metric) : Value(std::monostate{}),
           keeps_values ? metastore::MakeStorable(result.profile) : "", result.statement.value()}));
    }
    const std::string& table = results[0].table.value();
    NL_RETURN_IF_ERROR(session.Execute(
        fmt::format("DELETE FROM expectation_results WHERE table_id = ? AND sequence <= (SELECT sequence FROM "
                    "expectation_results WHERE table_id = ? ORDER BY sequence DESC LIMIT 1 OFFSET {})",
                    kExpectationResultsMax),
        {table, table}));
    return {};
  });
}

Result<std::vector<ExpectationResult>> StoreCatalog::ListExpectationResults(const std::string& expectation,
                                                                            int64_t limit) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{}WHERE x.expectation_id = ? AND x.version IS NOT NULL "
                                                  "ORDER BY x.sequence DESC LIMIT {}",
                                                  kSelectResults, limit),
                                      {expectation}));
  std::vector<ExpectationResult> results;
  for (const Row& row : rows) results.push_back(ToResult(row));
  return results;
}

Result<std::vector<std::pair<TableRecord, ExpectationResult>>> StoreCatalog::ListExpectationResults(int64_t limit,
                                                                                                    int64_t offset) {
  NL_ASSIGN_OR_RETURN(const auto tables, ReadTables("", {}));
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE x.table_id IN (SELECT id FROM relations) ORDER BY x.sequence DESC LIMIT {} "
                                  "OFFSET {}",
                                  kSelectResults, limit, offset)));
  std::vector<std::pair<TableRecord, ExpectationResult>> found;
  for (const Row& row : rows) {
    const auto table =
        std::ranges::find_if(tables, [&](const TableRecord& one) { return one.id.value() == TextAt(row, 1); });
    if (table != tables.end()) found.emplace_back(*table, ToResult(row));
  }
  return found;
}

}  // namespace neurolake::catalog
