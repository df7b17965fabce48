#include "cli/audit_commands.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <ostream>
#include <sstream>

#include "cli/error_report.h"
#include "query/audit_archive.h"

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

bool IsInStore(const Settings& settings) {
  return !settings.audit_archive.empty() && !settings.audit_archive.starts_with('/');
}

/// A folder for what an object store has of the log, for the time of one check.
class TemporaryFolder {
 public:
  /// Beside the log, where its files can be linked; else where there is room for such things.
  static Result<TemporaryFolder> Make(const fs::path& log) {
    std::string path = (log / "checked-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) return TemporaryFolder(std::move(path));
    path = (fs::temp_directory_path() / "neurolake-audit-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) return TemporaryFolder(std::move(path));
    return MakeError(ErrorCode::kIoError, "a temporary directory cannot be made, errno {}: {}", errno, path);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

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

Result<int> Verify(const fs::path& log, const AuditArguments& audit, const Settings& settings,
                   const std::string& program, Console& console) {
  if (!IsInStore(settings)) return RunVerifier(log, audit, settings.audit_archive, program, console);
  NL_ASSIGN_OR_RETURN(const TemporaryFolder fetched, TemporaryFolder::Make(log));
  // What goes to the archive while the verifier reads is there, too.
  std::error_code failure;
  for (fs::directory_iterator entry(log / "segments", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() != ".jsonl") continue;
    const fs::path link = fs::path(fetched.path()) / entry->path().filename();
    std::error_code problem;
    fs::create_hard_link(entry->path(), link, problem);
    if (problem) fs::copy_file(entry->path(), link, problem);
    // It went there just now.
    if (problem && fs::exists(entry->path(), problem)) {
      return MakeError(ErrorCode::kIoError, "a segment cannot be copied to {}", fetched.path());
    }
  }
  NL_RETURN_IF_ERROR(query::FetchArchivedSegments(settings, SystemClock(), fetched.path()));
  return RunVerifier(log, audit, fetched.path(), program, console);
}

Result<void> Export(const fs::path& log, const Settings& settings, const fs::path& target, Console& console) {
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
      if (IsInStore(settings)) continue;
      from = fs::path(settings.audit_archive) / fs::path(from).filename().replace_extension(".jsonl");
      if (settings.audit_archive.empty()) {
        return MakeError(ErrorCode::kNotFound, "a segment is in an archive, name it by --audit.archive: {}",
                         from.filename().string());
      }
    } else if (from.extension() != ".jsonl") {
      continue;
    }
    const auto copied = CopyLines(from, target / "segments" / from.filename());
    // It went to the archive just now, from where it is fetched below.
    std::error_code ignored;
    if (!copied && IsInStore(settings) && !fs::exists(from, ignored)) continue;
    NL_RETURN_IF_ERROR(copied);
    ++segments;
  }
  if (failure) return MakeError(ErrorCode::kIoError, "cannot list {}: {}", log.string(), failure.message());
  // Last: what went there meanwhile is among them.
  if (IsInStore(settings)) {
    NL_ASSIGN_OR_RETURN(const int64_t fetched,
                        query::FetchArchivedSegments(settings, SystemClock(), (target / "segments").string()));
    segments += fetched;
  }
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
    return Verify(log, arguments.audit, settings, program, console);
  }
  if (arguments.command == "audit checkpoint") {
    NL_RETURN_IF_ERROR(Print(log / "checkpoint", console));
  } else if (arguments.command == "audit key") {
    NL_RETURN_IF_ERROR(Print(log / "log.vkey", console));
  } else {
    NL_RETURN_IF_ERROR(Export(log, settings, arguments.audit.directory, console));
  }
  return kExitOk;
}

}  // namespace neurolake::cli
