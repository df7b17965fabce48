#include "query/commands/scan.h"

#include <boost/json/array.hpp>

#include "common/field_path.h"
#include "common/text.h"
#include "privacy/detector/column_scanner.h"
#include "privacy/detector/thresholds.h"
#include "query/commands/pii_rule.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/field_places.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::FieldPlace;

constexpr int64_t kRowsMax = 1'000'000;
/// Cells that are held at once: columns are read in groups of so many.
constexpr int64_t kCellsMax = 200'000;
constexpr int kCellCharacters = 4096;

/// Bytes are no text, and what a text in them would be nobody said.
bool IsScanned(const DataType& type) {
  return type.kind != DataType::Kind::kBinary && type.kind != DataType::Kind::kBoolean;
}

/// Columns, and in the place of a struct what is inside of it. Lists and maps are looked at as a whole, as text.
std::vector<FieldPlace> ScannedPlaces(const DataType& schema) {
  std::vector<FieldPlace> places;
  const auto add = [&](const FieldPlace& place) {
    if (!place.repeated && place.type->kind != DataType::Kind::kStruct && IsScanned(*place.type)) {
      places.push_back(place);
    }
  };
  for (const auto& field : schema.fields) {
    add({.names = field.name, .physical = field.physical_name(), .type = &field.type});
  }
  for (const FieldPlace& place : tables::delta::NestedPlaces(schema)) add(place);
  return places;
}

std::string SqlOf(const FieldPlace& place) {
  std::string sql;
  for (const std::string& name : FieldPath(place.names)) {
    sql = sql.empty() ? QuoteIdentifier(name) : fmt::format("struct_extract({}, {})", sql, QuoteLiteral(name));
  }
  return sql;
}

class ScanTable final : public TableCommand {
 public:
  ScanTable(ObjectName table, ScanOptions options) : table_(std::move(table)), options_(std::move(options)) {}
  std::string kind() const override { return "SCAN TABLE"; }
  const ObjectName& target() const override { return table_; }
  bool writes() const override { return false; }
  bool needs_memory() const override { return true; }
  // It reads rows as a SELECT of the principal's: filtered and masked.
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_ASSIGN_OR_RETURN(const PersonalDataScan scan, ScanForPersonalData(context, table, options_));
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const auto& one : scan.findings) {
      rows.push_back({one.column, one.entity, one.tag, fmt::format("{:.4f}", one.confidence),
                      one.in_text ? "true" : "false", one.also.empty() ? std::nullopt : std::optional(one.also),
                      one.why, std::to_string(scan.rows), scan.saved ? "true" : "false",
                      one.accepted_by.empty() ? std::nullopt : std::optional(one.accepted_by),
                      one.note.empty() ? std::nullopt : std::optional(one.note)});
    }
    return MakeOwnResult({{"column_name", "VARCHAR"},
                          {"entity", "VARCHAR"},
                          {"tag", "VARCHAR"},
                          {"confidence", "DOUBLE"},
                          {"in_text", "BOOLEAN"},
                          {"also", "VARCHAR"},
                          {"evidence", "VARCHAR"},
                          {"rows_scanned", "BIGINT"},
                          {"proposed", "BOOLEAN"},
                          {"accepted_by", "VARCHAR"},
                          {"note", "VARCHAR"}},
                         rows);
  }

 private:
  ObjectName table_;
  ScanOptions options_;
};

/// Reads the columns from `first` on that `count` says and gives what each holds.
Result<int64_t> ScanColumns(CommandContext& context, const OpenedTable& table, std::span<const FieldPlace> columns,
                            const ScanOptions& options, const privacy::Thresholds& thresholds, PersonalDataScan& scan,
                            json::array& saved) {
  NL_ASSIGN_OR_RETURN(const auto detector, privacy::Detector::Get());
  std::string list;
  for (const FieldPlace& place : columns) {
    list += fmt::format("{}left(CAST({} AS VARCHAR), {})", list.empty() ? "" : ", ", SqlOf(place), kCellCharacters);
  }
  // As the user's own statement: its gates, its rights, its policies. The same rows for every group of columns.
  const std::string some = options.first_rows
                               ? fmt::format("LIMIT {}", options.rows_max)
                               : fmt::format("USING SAMPLE reservoir({} ROWS) REPEATABLE (7)", options.rows_max);
  NL_ASSIGN_OR_RETURN(const auto rows, context.QueryAsUser(fmt::format("SELECT {} FROM {}.{} {}", list,
                                                                       QuoteIdentifier(table.entry.schema_name),
                                                                       QuoteIdentifier(table.entry.table_name), some)));
  for (size_t i = 0; i < columns.size(); ++i) {
    // What a field is inside of may be what says what it is.
    std::string name = ShownPath(columns[i].names);
    privacy::ColumnScanner scanner(detector, name);
    for (const auto& row : rows.rows) {
      if (row[i]) scanner.Add(*row[i]);
    }
    privacy::ColumnOptions column;
    column.threshold = thresholds.all;
    column.thresholds = thresholds.of;
    for (const auto& found : scanner.Finish(column)) {
      PersonalDataScan::Finding finding{.column = name,
                                        .entity = std::string(privacy::InfoOf(found.entity).name),
                                        .tag = found.tag(),
                                        .also = {},
                                        .why = found.why,
                                        .confidence = found.confidence,
                                        .in_text = found.in_text};
      for (const privacy::Entity other : found.also) {
        finding.also += fmt::format("{}{}", finding.also.empty() ? "" : ", ", privacy::InfoOf(other).name);
      }
      saved.push_back({{"column_id", columns[i].physical},
                       {"column_name", finding.column},
                       {"entity", finding.entity},
                       {"confidence", finding.confidence},
                       {"in_text", finding.in_text},
                       {"also", finding.also},
                       {"evidence", finding.why}});
      scan.findings.push_back(std::move(finding));
    }
  }
  return static_cast<int64_t>(rows.rows.size());
}

}  // namespace

Result<PersonalDataScan> ScanForPersonalData(CommandContext& context, const OpenedTable& table,
                                             const ScanOptions& options) {
  NL_ASSIGN_OR_RETURN(const auto allowed,
                      AskServer(context, "may_scan_personal_data", {{"table", table.entry.id.value()}}));
  std::string list = options.thresholds;
  if (list.empty()) {
    NL_ASSIGN_OR_RETURN(list, StringMember(allowed, "thresholds"));
  }
  privacy::Thresholds thresholds;
  if (!list.empty()) {
    NL_ASSIGN_OR_RETURN(thresholds, privacy::ParseThresholds(list));
  }
  const auto columns = ScannedPlaces(table.snapshot->schema());
  PersonalDataScan scan;
  json::array saved;
  const auto group = static_cast<size_t>(std::max<int64_t>(1, kCellsMax / options.rows_max));
  for (size_t first = 0; first < columns.size(); first += group) {
    const auto part = std::span<const FieldPlace>(columns).subspan(first, std::min(group, columns.size() - first));
    NL_ASSIGN_OR_RETURN(scan.rows, ScanColumns(context, table, part, options, thresholds, scan, saved));
  }
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "save_personal_data",
                                                   {{"table", table.entry.id.value()},
                                                    {"version", table.snapshot->version()},
                                                    {"rows", scan.rows},
                                                    {"findings", std::move(saved)}}));
  NL_ASSIGN_OR_RETURN(scan.saved, BoolMember(answer, "saved"));
  const auto* acceptable = answer.if_contains("acceptable");
  if (acceptable == nullptr) return BadMember("acceptable");
  NL_RETURN_IF_ERROR(AcceptByRules(context, table, *acceptable, scan));
  return scan;
}

namespace {

/// A statement about the lake's thresholds, which the server alone carries out.
class PiiThresholdCommand final : public TableCommand {
 public:
  PiiThresholdCommand(std::string action, json::object arguments)
      : action_(std::move(action)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return shows() ? "SHOW PII THRESHOLDS" : "ALTER PII THRESHOLD"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return !shows(); }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    if (!shows()) return MakeRowsChangedResult(-1);
    return ResultOfRows({{"entity", "VARCHAR"}, {"threshold", "VARCHAR"}, {"set_by", "VARCHAR"}, {"set_at", "VARCHAR"}},
                        answer);
  }

 private:
  bool shows() const { return action_ == "pii_thresholds"; }
  std::string action_;
  json::object arguments_;
  ObjectName target_;
};

/// Behind WITH: "0.7, EMAIL_ADDRESS = 0.9".
Result<std::string> ParseThresholdClause(TokenCursor& cursor) {
  std::string list;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("threshold"));
    std::string name;
    if (cursor.AcceptWord("of")) {
      NL_ASSIGN_OR_RETURN(name, cursor.ExpectIdentifier("an entity, a group of entities or a country"));
    }
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
    NL_ASSIGN_OR_RETURN(const std::string number, ExpectThreshold(cursor));
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", name.empty() ? "" : name + " = ", number);
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  NL_RETURN_IF_ERROR(privacy::ParseThresholds(list));
  return list;
}

}  // namespace

Result<std::string> ExpectThreshold(TokenCursor& cursor) {
  const std::string sign = cursor.AcceptSymbol("-") ? "-" : "";
  if (cursor.AtEnd() || cursor.token().kind != TokenKind::kNumber) return cursor.Unexpected("a number from 0 to 1");
  std::string number = sign + std::string(cursor.Text());
  cursor.Skip();
  return number;
}

Result<std::shared_ptr<const TableCommand>> ParsePiiThreshold(TokenCursor cursor) {
  if (cursor.AcceptWords({"show", "pii", "thresholds"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<PiiThresholdCommand>("pii_thresholds", json::object());
  }
  if (!cursor.AcceptWords({"alter", "pii", "threshold"})) return nullptr;
  std::string name, threshold, action = "reset_pii_threshold";
  if (cursor.AcceptWord("of")) {
    NL_ASSIGN_OR_RETURN(name, cursor.ExpectIdentifier("an entity, a group of entities or a country"));
  }
  if (!cursor.AcceptWord("reset")) {
    action = "set_pii_threshold";
    NL_RETURN_IF_ERROR(cursor.ExpectWord("set"));
    NL_ASSIGN_OR_RETURN(threshold, ExpectThreshold(cursor));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<PiiThresholdCommand>(std::move(action),
                                               json::object{{"name", name}, {"threshold", threshold}});
}

Result<std::shared_ptr<const TableCommand>> ParseScan(TokenCursor cursor) {
  if (!cursor.AcceptWords({"scan", "table"})) return nullptr;
  NL_ASSIGN_OR_RETURN(ObjectName table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectWord("for"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("pii"));
  ScanOptions options;
  if (cursor.AcceptWord("sample")) {
    NL_ASSIGN_OR_RETURN(options.rows_max, cursor.ExpectInteger("a number of rows"));
    if (options.rows_max < 1 || options.rows_max > kRowsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "SAMPLE takes 1 to {} rows, not: {}", kRowsMax, options.rows_max);
    }
    NL_RETURN_IF_ERROR(cursor.ExpectWord("rows"));
  }
  if (cursor.AcceptWord("with")) {
    NL_ASSIGN_OR_RETURN(options.thresholds, ParseThresholdClause(cursor));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ScanTable>(std::move(table), std::move(options));
}

}  // namespace neurolake::query
