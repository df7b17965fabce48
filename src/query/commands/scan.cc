#include "query/commands/scan.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "privacy/detector/column_scanner.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::StructField;

constexpr int64_t kRowsMax = 1'000'000;
/// Cells that are held at once: columns are read in groups of so many.
constexpr int64_t kCellsMax = 200'000;
constexpr int kCellCharacters = 4096;

/// Bytes are no text, and what a text in them would be nobody said.
bool IsScanned(const DataType& type) {
  return type.kind != DataType::Kind::kBinary && type.kind != DataType::Kind::kBoolean;
}

class ScanTable final : public TableCommand {
 public:
  ScanTable(ObjectName table, int64_t rows_max) : table_(std::move(table)), rows_max_(rows_max) {}
  std::string kind() const override { return "SCAN TABLE"; }
  const ObjectName& target() const override { return table_; }
  bool writes() const override { return false; }
  bool needs_memory() const override { return true; }
  // It reads rows as a SELECT of the principal's: filtered and masked.
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_ASSIGN_OR_RETURN(const PersonalDataScan scan, ScanForPersonalData(context, table, {.rows_max = rows_max_}));
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const auto& one : scan.findings) {
      rows.push_back({one.column, one.entity, one.tag, fmt::format("{:.4f}", one.confidence),
                      one.in_text ? "true" : "false", one.also.empty() ? std::nullopt : std::optional(one.also),
                      one.why, std::to_string(scan.rows), scan.saved ? "true" : "false"});
    }
    return MakeOwnResult({{"column_name", "VARCHAR"},
                          {"entity", "VARCHAR"},
                          {"tag", "VARCHAR"},
                          {"confidence", "DOUBLE"},
                          {"in_text", "BOOLEAN"},
                          {"also", "VARCHAR"},
                          {"evidence", "VARCHAR"},
                          {"rows_scanned", "BIGINT"},
                          {"proposed", "BOOLEAN"}},
                         rows);
  }

 private:
  ObjectName table_;
  int64_t rows_max_;
};

/// Reads the columns from `first` on that `count` says and gives what each holds.
Result<int64_t> ScanColumns(CommandContext& context, const OpenedTable& table,
                            std::span<const StructField* const> columns, const ScanOptions& options,
                            PersonalDataScan& scan, json::array& saved) {
  NL_ASSIGN_OR_RETURN(const auto detector, privacy::Detector::Get());
  std::string list;
  for (const StructField* field : columns) {
    list += fmt::format("{}left(CAST({} AS VARCHAR), {})", list.empty() ? "" : ", ", QuoteIdentifier(field->name),
                        kCellCharacters);
  }
  // As the user's own statement: its gates, its rights, its policies. The same rows for every group of columns.
  const std::string some = options.first_rows
                               ? fmt::format("LIMIT {}", options.rows_max)
                               : fmt::format("USING SAMPLE reservoir({} ROWS) REPEATABLE (7)", options.rows_max);
  NL_ASSIGN_OR_RETURN(const auto rows, context.QueryAsUser(fmt::format("SELECT {} FROM {}.{} {}", list,
                                                                       QuoteIdentifier(table.entry.schema_name),
                                                                       QuoteIdentifier(table.entry.table_name), some)));
  for (size_t i = 0; i < columns.size(); ++i) {
    privacy::ColumnScanner scanner(detector, columns[i]->name);
    for (const auto& row : rows.rows) {
      if (row[i]) scanner.Add(*row[i]);
    }
    for (const auto& found : scanner.Finish()) {
      PersonalDataScan::Finding finding{columns[i]->name, std::string(privacy::InfoOf(found.entity).name),
                                        found.tag(),      {},
                                        found.why,        found.confidence,
                                        found.in_text};
      for (const privacy::Entity other : found.also) {
        finding.also += fmt::format("{}{}", finding.also.empty() ? "" : ", ", privacy::InfoOf(other).name);
      }
      saved.push_back({{"column_id", columns[i]->physical_name()},
                       {"column_name", finding.column},
                       {"entity", finding.entity},
                       {"tag", finding.tag},
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
  NL_RETURN_IF_ERROR(AskServer(context, "may_scan_personal_data", {{"table", table.entry.id.value()}}));
  std::vector<const StructField*> columns;
  for (const StructField& field : table.snapshot->schema().fields) {
    if (IsScanned(field.type)) columns.push_back(&field);
  }
  PersonalDataScan scan;
  json::array saved;
  const auto group = static_cast<size_t>(std::max<int64_t>(1, kCellsMax / options.rows_max));
  for (size_t first = 0; first < columns.size(); first += group) {
    const auto part =
        std::span<const StructField* const>(columns).subspan(first, std::min(group, columns.size() - first));
    NL_ASSIGN_OR_RETURN(scan.rows, ScanColumns(context, table, part, options, scan, saved));
  }
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "save_personal_data",
                                                   {{"table", table.entry.id.value()},
                                                    {"version", table.snapshot->version()},
                                                    {"rows", scan.rows},
                                                    {"findings", std::move(saved)}}));
  NL_ASSIGN_OR_RETURN(scan.saved, BoolMember(answer, "saved"));
  return scan;
}

Result<std::shared_ptr<const TableCommand>> ParseScan(TokenCursor cursor) {
  if (!cursor.AcceptWords({"scan", "table"})) return nullptr;
  NL_ASSIGN_OR_RETURN(ObjectName table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectWord("for"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("pii"));
  int64_t rows = ScanOptions().rows_max;
  if (cursor.AcceptWord("sample")) {
    NL_ASSIGN_OR_RETURN(rows, cursor.ExpectInteger("a number of rows"));
    if (rows < 1 || rows > kRowsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "SAMPLE takes 1 to {} rows, not: {}", kRowsMax, rows);
    }
    NL_RETURN_IF_ERROR(cursor.ExpectWord("rows"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ScanTable>(std::move(table), rows);
}

}  // namespace neurolake::query
