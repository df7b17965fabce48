#include "cli/audit_commands.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <ostream>
#include <sstream>

#include "cli/error_report.h"

namespace neurolake::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVerifier = "neurolake-audit-verify";

Result<std::string> ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return MakeError(ErrorCode::kNotFound, "there is no audit log, or it cannot be read: {}", path.string());
  return text.str();
}

/// In its own process: what it finds must not hang on this one.
Result<int> RunVerifier(const fs::path& log, const AuditArguments& audit, const std::string& archive,
                        const std::string& program, Console& console) {
  const std::string verifier = fs::path(program).replace_filename(kVerifier).string();
  std::error_code ignored;
  if (!fs::exists(verifier, ignored)) {
    return MakeError(ErrorCode::kNotFound, "the verifier is not beside this program: {}", verifier);
  }
  std::vector<std::string> words{verifier};
  if (!audit.key.empty()) words.insert(words.end(), {"--key", audit.key});
  for (const std::string& file : audit.remembered) words.insert(words.end(), {"--remember", file});
  if (archive.starts_with('/')) words.insert(words.end(), {"--archive", archive});
  if (!audit.record.empty()) words.insert(words.end(), {"--prove", audit.record});
  words.push_back(log.string());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  console.out.flush();
  console.err.flush();
  pid_t child = 0;
  if (const int problem = ::posix_spawn(&child, verifier.c_str(), nullptr, nullptr, argv.data(), environ);
      problem != 0) {
    return MakeError(ErrorCode::kIoError, "the verifier cannot be started, errno {}: {}", problem, verifier);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return MakeError(ErrorCode::kIoError, "the verifier's end was not seen");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailed;
}

Result<void> Print(const fs::path& file, Console& console) {
  NL_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
  console.out << text << std::flush;
  return CheckOutput(console.out);
}

/// Whole lines alone: the last one may be on its way.
Result<void> CopyLines(const fs::path& from, const fs::path& to) {
  std::ifstream source(from, std::ios::binary);
  std::ofstream target(to, std::ios::binary | std::ios::trunc);
  for (std::string line; std::getline(source, line) && !source.eof();) target << line << '\n';
  target.flush();
  if (!source.is_open() || source.bad() || !target) {
    return MakeError(ErrorCode::kIoError, "a file cannot be copied to {}", to.string());
  }
  return {};
}

Result<void> Export(const fs::path& log, const std::string& archive, const fs::path& target, Console& console) {
  std::error_code failure;
  if (fs::exists(target, failure)) {
    return MakeError(ErrorCode::kAlreadyExists, "there is something already: {}", target.string());
  }
  NL_RETURN_IF_ERROR(ReadText(log / "checkpoint"));
  fs::create_directories(target / "segments", failure);
  if (!failure) fs::permissions(target, fs::perms::owner_all, failure);
  if (failure) return MakeError(ErrorCode::kIoError, "cannot make {}: {}", target.string(), failure.message());
  // In this order: what is appended meanwhile is more than what the checkpoints cover, not less.
  for (const char* name : {"log.vkey", "checkpoint", "checkpoints"})
    NL_RETURN_IF_ERROR(CopyLines(log / name, target / name));
  int64_t segments = 0;
  for (fs::directory_iterator entry(log / "segments", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    fs::path from = entry->path();
    if (from.extension() == ".archived" && !fs::exists(fs::path(from).replace_extension(".jsonl"), failure)) {
      from = fs::path(archive) / fs::path(from).filename().replace_extension(".jsonl");
      if (!archive.starts_with('/')) {
        return MakeError(ErrorCode::kNotFound,
                         "a segment is in an archive that is no folder here; copy it to one first, and name that by "
                         "--audit.archive: {}",
                         from.filename().string());
      }
    } else if (from.extension() != ".jsonl") {
      continue;
    }
    NL_RETURN_IF_ERROR(CopyLines(from, target / "segments" / from.filename()));
    ++segments;
  }
  if (failure) return MakeError(ErrorCode::kIoError, "cannot list {}: {}", log.string(), failure.message());
  console.out << fmt::format("wrote {} segments to {}; verify them with {} --key KEY {}\n", segments, target.string(),
                             kVerifier, target.string())
              << std::flush;
  return CheckOutput(console.out);
}

}  // namespace

Result<int> RunAuditCommand(const Arguments& arguments, const Settings& settings, const std::string& program,
                            Console& console) {
  if (!arguments.server.empty()) {
    return MakeError(ErrorCode::kNotSupported, "{} works on the lake's directory: use --lake on the server's machine",
                     arguments.command);
  }
  const fs::path log = fs::path(settings.lake) / "audit";
  if (arguments.command == "audit verify" || arguments.command == "audit prove") {
    return RunVerifier(log, arguments.audit, settings.audit_archive, program, console);
  }
  if (arguments.command == "audit checkpoint") {
    NL_RETURN_IF_ERROR(Print(log / "checkpoint", console));
  } else if (arguments.command == "audit key") {
    NL_RETURN_IF_ERROR(Print(log / "log.vkey", console));
  } else {
    NL_RETURN_IF_ERROR(Export(log, settings.audit_archive, arguments.audit.directory, console));
  }
  return kExitOk;
}

}  // namespace neurolake::cli
