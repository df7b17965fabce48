// What becomes of bad rows: LoadSql's part that counts them and composes the quarantine.
#include "common/text.h"
#include "query/copy_into_sql.h"

namespace neurolake::query {
namespace {

std::string Byte(char byte) { return byte == 0 ? "" : std::string(1, byte); }

std::string Timestamp(WallTime time) { return fmt::format("TIMESTAMPTZ '{}'", FormatTimestamp(time)); }

std::string Steps(const std::vector<LineMap::Step>& steps) {
  if (steps.empty()) return "(CAST(1 AS BIGINT), CAST(NULL AS BIGINT))";
  std::string values;
  for (const auto& [first, shift] : steps) {
    values += fmt::format("{}({}::BIGINT, {}::BIGINT)", values.empty() ? "" : ", ", first,
                          shift < 0 ? "NULL" : std::to_string(shift));
  }
  return values;
}

}  // namespace

std::string LoadSql::QuarantineColumns() {
  return R"(("load_id", "loaded_at", "file", "line", "column_name", "reason", "raw_value", "raw_line"))";
}
std::string LoadSql::QuarantineDefinitions() {
  return R"(("load_id" VARCHAR, "loaded_at" TIMESTAMP WITH TIME ZONE, "file" VARCHAR, "line" BIGINT, )"
         R"("column_name" VARCHAR, "reason" VARCHAR, "raw_value" VARCHAR, "raw_line" VARCHAR))";
}

std::string LoadSql::CountBadByColumn(std::optional<int64_t> limit) const {
  std::string counts;
  std::string seen;
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    counts += fmt::format(", count(*) FILTER (WHERE nl_bad = {})", i);
    // Every column is looked at: the reader judges only what it is asked for.
    seen += fmt::format(", count(v{})", i);
  }
  return fmt::format("SELECT count(*) FILTER (WHERE nl_bad < -1){}{} FROM (SELECT * FROM {}{})", counts, seen,
                     Judged(plan_.files, false, Rejects::kReport), limit ? fmt::format(" LIMIT {}", *limit) : "");
}

std::string LoadSql::CountRejects() const {
  return fmt::format(
      "SELECT s.file_path, count(DISTINCT e.line) FROM temp.main.{} AS e JOIN temp.main.{} AS s ON e.scan_id = "
      "s.scan_id AND "
      "e.file_id = s.file_id GROUP BY s.file_path",
      QuoteIdentifier(plan_.rejects_table()), QuoteIdentifier(plan_.scans_table()));
}

std::string LoadSql::RejectedLines(const SourceFile& file) const {
  return fmt::format(
      "SELECT DISTINCT e.line FROM temp.main.{} AS e JOIN temp.main.{} AS s ON e.scan_id = s.scan_id AND e.file_id = "
      "s.file_id "
      "WHERE s.file_path = {} ORDER BY 1 LIMIT 200000",
      QuoteIdentifier(plan_.rejects_table()), QuoteIdentifier(plan_.scans_table()), QuoteLiteral(file.path));
}

std::vector<std::string> LoadSql::DropRejects() const {
  std::vector<std::string> drops;
  for (const std::string& table :
       {plan_.rejects_table(), plan_.scans_table(), plan_.again_table(), plan_.again_scans_table()}) {
    drops.push_back("DROP TABLE IF EXISTS temp.main." + QuoteIdentifier(table));
  }
  return drops;
}

// A row of CSV as one text again. Only for people and for loading it once more: the file's own quotes are gone.
std::string LoadSql::RawLine() const {
  if (plan_.options.format == SourceFormat::kJsonLines) return "nl_line";
  std::string fields;
  if (plan_.options.format == SourceFormat::kParquet) {
    for (size_t i = 0; i < plan_.file_columns.size(); ++i) {
      fields += fmt::format("{}{}, c{}", fields.empty() ? "" : ", ", QuoteLiteral(plan_.file_columns[i]), i);
    }
    return fmt::format("CAST(json_object({}) AS VARCHAR)", fields);
  }
  const std::string delimiter = QuoteLiteral(Byte(plan_.dialect.delimiter));
  for (size_t i = 0; i < plan_.file_columns.size(); ++i) {
    fields += fmt::format(
        ", CASE WHEN c{0} IS NULL THEN '' WHEN contains(c{0}, {1}) OR contains(c{0}, '\"') OR contains(c{0}, '\n') "
        "THEN concat('\"', "
        "replace(c{0}, '\"', '\"\"'), '\"') ELSE c{0} END",
        i, delimiter);
  }
  return fmt::format("concat_ws({}{})", delimiter, fields);
}

std::string LoadSql::QuarantineSelect(const SourceFile& file, const LineMap& lines) const {
  std::string names;
  std::string raws;
  std::string reasons;
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    const LoadColumn& column = plan_.columns[i];
    names += fmt::format(" WHEN {} THEN {}", i, QuoteLiteral(column.target.name));
    if (column.source >= 0) raws += fmt::format(" WHEN {} THEN CAST(c{} AS VARCHAR)", i, column.source);
    const bool text = column.source >= 0 && !IsText(column).empty();
    const std::string given = column.source < 0 ? "NULL" : fmt::format("{}{}", text ? "t" : "c", column.source);
    reasons += fmt::format(" WHEN {} THEN CASE WHEN {} IS NULL THEN 'null_not_allowed' ELSE {} END", i, given,
                           column.rule.formats.empty() ? "'cannot_cast'" : "'wrong_format'");
  }
  const std::string head = fmt::format("{} AS load_id, {} AS loaded_at, {} AS file", QuoteLiteral(plan_.load_id),
                                       Timestamp(plan_.loaded_at), QuoteLiteral(file.name));
  const bool parquet = plan_.options.format == SourceFormat::kParquet;
  std::string text = fmt::format(
      "WITH nl_rows(nl_first, nl_shift) AS (VALUES {}) SELECT {}, b.nl_row + {} AS line, CASE b.nl_bad{} END AS "
      "column_name, "
      "CASE b.nl_bad WHEN -4 THEN 'key_in_two_cases' WHEN -3 THEN 'not_an_object' WHEN -2 THEN 'malformed_json'{} END "
      "AS "
      "reason, CASE b.nl_bad{} END "
      "AS raw_value, "
      "{} AS raw_line FROM {} AS b{} WHERE b.nl_bad <> -1",
      Steps(lines.by_row), head, parquet ? "0" : "m.nl_shift", names, reasons,
      raws.empty() ? " WHEN -9 THEN NULL" : raws, RawLine(), Judged({file}, true, Rejects::kReportedBefore),
      parquet ? "" : " ASOF LEFT JOIN nl_rows AS m ON b.nl_row >= m.nl_first");
  if (parquet) return text;

  std::string columns;
  for (size_t i = 0; i < plan_.file_columns.size(); ++i) {
    columns += fmt::format(" WHEN 'c{}' THEN {}", i, QuoteLiteral(plan_.file_columns[i]));
  }
  // One entry for each row, though the reader may have found several things wrong with it.
  return fmt::format(
      "SELECT * FROM ({}) UNION ALL (WITH nl_reader(nl_first, nl_shift) AS (VALUES {}) SELECT {}, CASE WHEN m.nl_first "
      "IS NULL THEN "
      "r.nl_line ELSE r.nl_line + m.nl_shift END, CASE r.nl_column{} END, r.nl_reason, CAST(NULL AS VARCHAR), "
      "r.nl_text FROM "
      "(SELECT CAST(e.line AS BIGINT) AS nl_line, first(e.column_name ORDER BY e.column_idx) AS nl_column, "
      "first(replace(lower(CAST(e.error_type AS VARCHAR)), ' ', '_') ORDER BY e.column_idx) AS nl_reason, "
      "first(e.csv_line ORDER BY e.column_idx) AS nl_text FROM temp.main.{} AS e JOIN temp.main.{} AS s ON e.scan_id = "
      "s.scan_id AND "
      "e.file_id = s.file_id WHERE s.file_path = {} GROUP BY e.line) AS r ASOF LEFT JOIN nl_reader AS m ON r.nl_line "
      ">= m.nl_first)",
      text, Steps(lines.by_reader_line), head,
      columns.empty() || plan_.options.format == SourceFormat::kJsonLines ? " WHEN '' THEN ''" : columns,
      QuoteIdentifier(plan_.rejects_table()), QuoteIdentifier(plan_.scans_table()), QuoteLiteral(file.path));
}

}  // namespace neurolake::query
