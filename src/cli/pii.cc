#include "cli/pii.h"

#include <algorithm>

#include "common/text.h"

namespace neurolake::cli {
namespace {

constexpr const char* kFindings =
    "SELECT schema_name, table_name, column_name, entity, tag, confidence, in_text, state, evidence "
    "FROM system.pii_findings ORDER BY schema_name, table_name, column_name, confidence DESC";

/// "silver.flights" as SQL; a name without a schema is one of the session's.
std::string QuotedTable(const std::string& table) {
  std::string quoted;
  for (const std::string& part : Split(table, '.')) quoted += (quoted.empty() ? "" : ".") + QuoteIdentifier(part);
  return quoted;
}

Result<std::vector<std::string>> TablesToScan(const PiiArguments& pii, StatementRunner& runner) {
  std::vector<std::string> tables;
  for (const std::string& table : pii.tables) tables.push_back(QuotedTable(table));
  if (!tables.empty()) return tables;
  NL_ASSIGN_OR_RETURN(const auto all,
                      runner.Collect("SELECT schema_name, table_name FROM system.tables ORDER BY ALL", 2, 1'000'000));
  for (const auto& row : all) tables.push_back(QuoteIdentifier(row[0]) + "." + QuoteIdentifier(row[1]));
  return tables;
}

}  // namespace

int RunPii(const std::string& action, const PiiArguments& pii, StatementRunner& runner) {
  if (action == "list") return runner.RunAndReport(kFindings);
  const auto tables = TablesToScan(pii, runner);
  if (!tables) return runner.Report(tables.error());
  int worst = kExitOk;
  for (const std::string& table : *tables) {
    if (tables->size() > 1) runner.console().err << table << '\n';
    const int code = runner.RunAndReport(fmt::format("SCAN TABLE {} FOR PII SAMPLE {} ROWS", table, pii.sample_rows));
    if (code == kExitInterrupted) return code;
    worst = std::max(worst, code);
  }
  return worst;
}

}  // namespace neurolake::cli
