#include "cli/semantic_command.h"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/client_commands.h"
#include "cli/survey.h"
#include "cli/text_table.h"
#include "common/text.h"
#include "semantic/interchange.h"
#include "semantic/lint.h"
#include "semantic/load.h"

namespace neurolake::cli {
namespace {

/// `text` to a new file, or to standard output without one. Errors: kAlreadyExists, kIoError.
Result<void> WriteText(const std::string& text, const std::string& path, bool force, Console& console) {
  if (path.empty() || path == "-") {
    console.out << text << std::flush;
    return CheckOutput(console.out);
  }
  std::error_code ignored;
  if (!force && std::filesystem::exists(path, ignored)) {
    return MakeError(ErrorCode::kAlreadyExists,
                     "there is a file of this name, which may hold somebody's edits; --force "
                     "replaces it: {}",
                     path);
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return MakeError(ErrorCode::kIoError, "cannot write {}", path);
  return {};
}

int Fail(const Error& error, Console& console) {
  ReportError(console.err, error, {.colour = console.err_is_terminal});
  return ExitCodeFor(error.code());
}

std::string NameFrom(const SemanticArguments& semantic) {
  if (!semantic.name.empty()) return semantic.name;
  const std::string stem = semantic.files.empty() ? "" : std::filesystem::path(semantic.files.front()).stem().string();
  std::string name;
  for (const char c : LowerAscii(stem)) name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
  return name.empty() || (name.front() >= '0' && name.front() <= '9') ? "m_" + name : name;
}

Result<void> Import(const SemanticArguments& semantic, Console& console) {
  std::vector<std::string> documents;
  for (const std::string& path : semantic.files) {
    NL_ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path, std::cin));
    documents.push_back(std::move(text));
  }
  const std::string schema = semantic.schema.empty() ? "main" : semantic.schema;
  NL_ASSIGN_OR_RETURN(const auto imported, semantic.tool == "dbt"
                                               ? semantic::ImportDbt(documents, NameFrom(semantic), schema)
                                               : semantic::ImportCube(documents, NameFrom(semantic)));
  for (const std::string& line : imported.unmapped) console.err << "left out: " << PrintableText(line) << '\n';
  NL_RETURN_IF_ERROR(WriteText(semantic::SaveModel(imported.model), semantic.output, semantic.force, console));
  console.err << fmt::format("imported {} entities and {} metrics, left out {}\n", imported.model.entities.size(),
                             imported.model.metrics.size(), imported.unmapped.size());
  return {};
}

Result<void> Export(const SemanticArguments& semantic, Console& console) {
  NL_ASSIGN_OR_RETURN(const auto model, ReadModelFile(semantic.files.front()));
  const auto exported = semantic::ExportOpenSemanticInterchange(model);
  for (const std::string& line : exported.unmapped) console.err << "left out: " << PrintableText(line) << '\n';
  return WriteText(exported.yaml, semantic.output, semantic.force, console);
}

int Lint(const SemanticArguments& semantic, OutputFormat format, Console& console) {
  std::vector<std::vector<std::string>> rows;
  size_t errors = 0, warnings = 0;
  for (const std::string& path : semantic.files) {
    const auto model = ReadModelFile(path);
    if (!model) {
      if (model.error().code() == ErrorCode::kNotFound || model.error().code() == ErrorCode::kIoError)
        return Fail(model.error(), console);
      ++errors;
      rows.push_back({"error", path, "", "does-not-load", model.error().message()});
      continue;
    }
    for (const auto& finding : semantic::LintModel(*model)) {
      const bool warns = finding.severity == semantic::LintFinding::Severity::kWarning;
      warnings += warns ? 1 : 0;
      rows.push_back({warns ? "warning" : "note", fmt::format("{}:{}", path, finding.line), finding.member,
                      finding.rule, finding.text});
    }
  }
  const auto printed = PrintTextTable({"severity", "at", "member", "rule", "text"}, rows, format, console);
  if (!printed) return Fail(printed.error(), console);
  console.err << fmt::format("{} errors, {} warnings, {} notes\n", errors, warnings, rows.size() - errors - warnings)
              << std::flush;
  return errors > 0 || (semantic.strict && warnings > 0) ? kExitFailed : kExitOk;
}

}  // namespace

Result<semantic::SemanticModel> ReadModelFile(const std::string& path) {
  NL_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path, std::cin));
  auto model = semantic::LoadModel(text);
  if (model) return model;
  return std::unexpected(Error(model.error().code(), path + ": " + model.error().message()));
}

Result<semantic::Inference> InferSchema(const SemanticArguments& semantic, StatementRunner& runner) {
  NL_ASSIGN_OR_RETURN(auto survey, SurveyTables(runner, {.schema = semantic.schema, .tables = semantic.tables}));
  NL_ASSIGN_OR_RETURN(auto inference,
                      semantic::InferModel(semantic.name.empty() ? survey.schema : semantic.name, survey.tables,
                                           survey.references, {.offers_personal = semantic.offers_personal}));
  inference.notes.insert(inference.notes.begin(), survey.notes.begin(), survey.notes.end());
  return inference;
}

int RunSemanticInfer(const SemanticArguments& semantic, StatementRunner& runner) {
  const auto inference = InferSchema(semantic, runner);
  if (!inference) return runner.Report(inference.error());
  const std::vector<std::string> head{
      "A draft, made from names and data. Read it, edit it, then: neurolake semantic lint FILE"};
  Console& console = runner.console();
  const auto written =
      WriteText(semantic::AnnotatedYaml(*inference, head), semantic.output, semantic.force, console);
  if (!written) return runner.Report(written.error());
  console.err << fmt::format("drafted {}: {} entities, {} joins, {} metrics, {} guesses to look at\n",
                             inference->model.name, inference->model.entities.size(), inference->model.joins.size(),
                             inference->model.metrics.size(),
                             inference->notes.size() + inference->member_notes.size());
  return kExitOk;
}

bool IsSemanticFileAction(const std::string& command) {
  return command == "semantic lint" || command == "semantic import" || command == "semantic export";
}

int RunSemanticFile(const std::string& action, const SemanticArguments& semantic, OutputFormat format,
                    Console& console) {
  if (action == "lint") return Lint(semantic, format, console);
  const auto done = action.starts_with("import") ? Import(semantic, console) : Export(semantic, console);
  return done ? kExitOk : Fail(done.error(), console);
}

}  // namespace neurolake::cli
