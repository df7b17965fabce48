#include "cli/policy_command.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/client_commands.h"
#include "cli/error_report.h"
#include "cli/result_writer.h"
#include "cli/text_table.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace fs = std::filesystem;
using governance::BundleFile;
using governance::BundleTest;
using governance::RegoBundle;

constexpr std::chrono::seconds kTestTime{5};

std::string OutcomeName(BundleTest::Outcome outcome) {
  switch (outcome) {
    case BundleTest::Outcome::kPassed: return "passed";
    case BundleTest::Outcome::kFailed: return "failed";
    case BundleTest::Outcome::kError: return "error";
    case BundleTest::Outcome::kSkipped: return "skipped";
  }
  return "error";
}

int Fail(const Error& error, Console& console) {
  ReportError(console.err, error, {.colour = console.err_is_terminal});
  return ExitCodeFor(error.code());
}

Result<std::vector<BundleFile>> ReadDirectory(const std::string& path) {
  std::vector<BundleFile> files;
  std::error_code failure;
  size_t bytes = 0;
  for (fs::recursive_directory_iterator entry(path, failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto status = entry->symlink_status(failure);
    if (failure) break;
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) {
      return MakeError(ErrorCode::kInvalidArgument, "a bundle holds files and directories, no links or devices: {}",
                       entry->path().string());
    }
    NL_ASSIGN_OR_RETURN(std::string content, ReadWholeFile(entry->path().string(), std::cin));
    bytes += content.size();
    if (files.size() == RegoBundle::kFilesMax || bytes > RegoBundle::kBytesMax) {
      return MakeError(ErrorCode::kPayloadTooLarge, "a bundle has at most {} files and {} bytes: {}",
                       RegoBundle::kFilesMax, RegoBundle::kBytesMax, path);
    }
    files.push_back({entry->path().lexically_relative(path).generic_string(), std::move(content)});
  }
  if (failure) return MakeError(ErrorCode::kIoError, "cannot read the directory: {}", path);
  return files;
}

Result<std::string> Archive(const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto files, ReadBundle(path));
  // What is wrong is said here, with the paths of this machine's files, before anything is sent.
  NL_ASSIGN_OR_RETURN(const auto bundle, RegoBundle::Load(std::move(files)));
  NL_ASSIGN_OR_RETURN(const std::string archive, governance::WriteBundleArchive(bundle.files()));
  std::string text(sodium_base64_encoded_len(archive.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  ::sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(archive.data()), archive.size(),
                      sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

int RunLint(StatementRunner& runner) {
  const auto findings = runner.Collect("LINT POLICIES", 5);
  if (!findings) return runner.Report(findings.error());
  const auto printed = PrintTextTable({"severity", "finding", "object", "policy", "explanation"}, *findings,
                                      runner.options().format, runner.console());
  if (!printed) return runner.Report(printed.error());
  const bool clean = std::ranges::all_of(*findings, [](const auto& row) { return row.at(0) == "note"; });
  return clean ? kExitOk : kExitFailed;
}

}  // namespace

Result<std::vector<BundleFile>> ReadBundle(const std::string& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return ReadDirectory(path);
  NL_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path, std::cin));
  return governance::ReadBundleArchive(bytes);
}

int RunPolicyTest(const PolicyArguments& policy, OutputFormat format, Console& console) {
  auto files = ReadBundle(policy.path);
  if (!files) return Fail(files.error(), console);
  const auto bundle = RegoBundle::Load(*std::move(files));
  if (!bundle) return Fail(bundle.error(), console);
  std::vector<std::vector<std::string>> rows;
  size_t passed = 0;
  size_t skipped = 0;
  for (const BundleTest& test : bundle->RunTests(kTestTime)) {
    passed += test.outcome == BundleTest::Outcome::kPassed ? 1 : 0;
    skipped += test.outcome == BundleTest::Outcome::kSkipped ? 1 : 0;
    rows.push_back({OutcomeName(test.outcome), test.name, fmt::format("{}:{}", test.file, test.line),
                    fmt::format("{:.3f}", static_cast<double>(test.duration.count()) / 1000), test.message});
  }
  const auto printed = PrintTextTable({"outcome", "test", "at", "milliseconds", "message"}, rows, format, console);
  if (!printed) return Fail(printed.error(), console);
  const size_t failed = rows.size() - passed - skipped;
  console.err << fmt::format("{} passed, {} failed, {} skipped\n", passed, failed, skipped) << std::flush;
  return failed == 0 ? kExitOk : kExitFailed;
}

int RunPolicy(const std::string& action, const PolicyArguments& policy, StatementRunner& runner) {
  if (action == "lint") return RunLint(runner);
  if (action == "list") return runner.RunAndReport("SHOW POLICY BUNDLES");
  if (action == "deactivate") return runner.RunAndReport("DEACTIVATE POLICY BUNDLE");
  if (action == "activate") return runner.RunAndReport(fmt::format("ACTIVATE POLICY BUNDLE {}", policy.version));
  const auto archive = Archive(policy.path);
  if (!archive) return runner.Report(archive.error());
  return runner.RunAndReport("CREATE POLICY BUNDLE " + QuoteLiteral(*archive));
}

}  // namespace neurolake::cli
