#include "cli/client_commands.h"
#include "cli/copy_into.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

/// `--schema-file`: "name TYPE" per line or separated by commas; '#' and '--' begin comments. Given on as one line.
Result<std::string> ReadSchemaFile(const std::string& path, std::istream& in) {
  if (path.empty()) return std::string();
  NL_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path, in));
  std::string columns;
  for (const std::string& line : Split(text, '\n')) {
    std::string_view column = Trim(line);
    for (const std::string_view comment : {"--", "#"}) column = Trim(column.substr(0, column.find(comment)));
    while (column.ends_with(',')) column = Trim(column.substr(0, column.size() - 1));
    if (column.empty()) continue;
    columns += (columns.empty() ? "" : ", ") + std::string(column);
  }
  if (columns.empty()) return MakeError(ErrorCode::kInvalidArgument, "the schema file names no column: {}", path);
  return columns;
}

/// Whether `--into` names a table that is there; a name without schema is looked up in main.
Result<bool> TableExists(const std::string& table, StatementRunner& runner) {
  const std::vector<std::string> parts = Split(table, '.');
  const std::string schema = parts.size() > 1 ? parts[parts.size() - 2] : "main";
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      runner.Collect(fmt::format("SELECT 1 FROM system.tables WHERE schema_name = {} AND table_name = {}",
                                 QuoteLiteral(LowerAscii(schema)), QuoteLiteral(LowerAscii(parts.back()))),
                     1));
  return !rows.empty();
}

/// Appends what was offered to `paths` also when a later file fails.
Result<void> OfferFiles(const IngestArguments& ingest, StatementRunner& runner, std::vector<std::string>& paths) {
  for (const std::string& file : ingest.files) {
    if (IsRemotePath(file)) {
      paths.push_back(file);
      continue;
    }
    std::error_code failure;
    if (!std::filesystem::is_regular_file(file, failure)) {
      return MakeError(ErrorCode::kNotFound, "no such file: {}", file);
    }
    if (ingest.file_format.empty()) NL_RETURN_IF_ERROR(FormatOfFile(file));  // Before anything is uploaded.
    NL_ASSIGN_OR_RETURN(std::string path, runner.client().Offer({}, file));
    paths.push_back(std::move(path));
  }
  return {};
}

struct Plan {
  std::vector<std::string> offered;
  std::string show_schema;  ///< Empty when the table is there and nobody asked.
  std::string load;
  std::string promote;  ///< Empty when nobody asked.
};

Result<void> MakePlan(const IngestArguments& ingest, StatementRunner& runner, Plan& plan) {
  NL_ASSIGN_OR_RETURN(const std::string schema, ReadSchemaFile(ingest.schema_file, runner.console().in));
  // What is wrong with the arguments is said before a file travels.
  NL_RETURN_IF_ERROR(QuoteTableName(ingest.into));
  if (!ingest.promote.empty()) {
    NL_ASSIGN_OR_RETURN(plan.promote, ComposePromotion(ingest.into, ingest.promote));
  }
  NL_RETURN_IF_ERROR(OfferFiles(ingest, runner, plan.offered));
  const std::vector<std::string>& paths = plan.offered;
  NL_ASSIGN_OR_RETURN(plan.load, ComposeCopyInto(ingest, paths, schema, CopyMode::kLoad));
  NL_ASSIGN_OR_RETURN(const bool exists, TableExists(ingest.into, runner));
  if (!exists || ingest.dry_run) {
    NL_ASSIGN_OR_RETURN(plan.show_schema, ComposeCopyInto(ingest, paths, schema, CopyMode::kDryRun));
  }
  return {};
}

/// Whether a new table may be made as shown: asked where a person can answer. The prompt goes to `err`, the answer is a
/// line; everything but yes and an empty line is no.
bool MayMakeTable(const IngestArguments& ingest, Console& console) {
  if (ingest.yes || !console.can_ask) return true;
  console.err << "Make the table " << PrintableText(ingest.into) << " and load? [Y/n] " << std::flush;
  std::string answer;
  if (!std::getline(console.in, answer)) return false;
  const std::string word = LowerAscii(Trim(answer));
  return word.empty() || word == "y" || word == "yes";
}

int RunPlan(const IngestArguments& ingest, const Plan& plan, StatementRunner& runner) {
  // With a machine format, standard output belongs to the report alone.
  std::ostream* const beside = runner.options().format == OutputFormat::kBox ? nullptr : &runner.console().err;
  std::ostream& notes = beside == nullptr ? runner.console().out : *beside;
  if (!plan.show_schema.empty()) {
    notes << "Schema of " << PrintableText(ingest.into) << (ingest.schema_file.empty() ? ", inferred:\n" : ":\n");
    if (const int code = runner.RunAndReport(plan.show_schema, {}, beside); code != kExitOk) return code;
  }
  if (ingest.dry_run) {
    notes << plan.load << ";\n"
          << plan.promote << (plan.promote.empty() ? "" : ";\n") << "Nothing was loaded.\n"
          << std::flush;
    return kExitOk;
  }
  if (!plan.show_schema.empty() && !MayMakeTable(ingest, runner.console())) {
    notes << "Nothing was loaded.\n" << std::flush;
    return kExitOk;
  }
  // The report is one row of many columns: one below the other they can be read.
  const bool expanded = std::exchange(runner.options().expanded, true);
  const int code = runner.RunAndReport(plan.load);
  runner.options().expanded = expanded;
  if (code != kExitOk || plan.promote.empty()) return code;
  return runner.RunAndReport(plan.promote, {}, beside);
}

}  // namespace

int RunIngest(const IngestArguments& ingest, StatementRunner& runner) {
  Plan plan;
  const auto made = MakePlan(ingest, runner, plan);
  const int code = made ? RunPlan(ingest, plan, runner) : runner.Report(made.error());
  for (const std::string& offered : plan.offered) {
    if (!IsRemotePath(offered) || offered.starts_with("upload://")) runner.client().Withdraw(offered);
  }
  return code;
}

}  // namespace neurolake::cli
