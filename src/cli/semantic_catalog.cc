#include "cli/semantic_catalog.h"

#include "cli/client_commands.h"
#include "common/text.h"
#include "semantic/load.h"

namespace neurolake::cli {
namespace {

std::string VersionClause(const SemanticModelArguments& semantic) {
  return semantic.version == 0 ? "" : fmt::format(" VERSION {}", semantic.version);
}

int Apply(const SemanticModelArguments& semantic, StatementRunner& runner) {
  const auto text = ReadWholeFile(semantic.file, runner.console().in);
  if (!text) return runner.Report(text.error());
  std::string name = semantic.name;
  if (name.empty()) {
    // What is wrong in the file is said before anything is sent; the server looks again.
    const auto model = semantic::LoadModel(*text);
    if (!model) {
      return runner.Report(Error(model.error().code(), fmt::format("{}: {}", semantic.file, model.error().message())));
    }
    name = model->name;
  }
  std::string sql = "CREATE OR REPLACE SEMANTIC MODEL " + QuoteIdentifier(name);
  if (!semantic.schema.empty()) sql += " ON SCHEMA " + QuoteIdentifier(semantic.schema);
  if (!semantic.comment.empty()) sql += " COMMENT " + QuoteLiteral(semantic.comment);
  return runner.RunAndReport(sql + " AS " + QuoteLiteral(*text));
}

int Show(const SemanticModelArguments& semantic, StatementRunner& runner) {
  const std::string model = "SEMANTIC MODEL " + QuoteIdentifier(semantic.name) + VersionClause(semantic);
  if (!semantic.yaml) return runner.RunAndReport("DESCRIBE " + model);
  const auto rows = runner.Collect("SHOW CREATE " + model, 2);
  if (!rows) return runner.Report(rows.error());
  if (rows->size() != 1) return runner.Report(Error(ErrorCode::kInternal, "the answer is not one row"));
  const std::string& yaml = rows->front()[1];
  runner.console().out << yaml << (yaml.ends_with('\n') ? "" : "\n") << std::flush;
  const auto written = CheckOutput(runner.console().out);
  return written ? kExitOk : runner.Report(written.error());
}

}  // namespace

int RunSemanticCatalog(const std::string& action, const SemanticModelArguments& semantic, StatementRunner& runner) {
  if (action == "apply") return Apply(semantic, runner);
  if (action == "show") return Show(semantic, runner);
  return runner.RunAndReport(
      "SELECT model_name, schema_name, owner, version, state, comment, updated_at FROM system.semantic_models "
      "ORDER BY model_name");
}

}  // namespace neurolake::cli
