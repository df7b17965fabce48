#include "query/statement_sql.h"

#include <fnmatch.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <set>

#include "arrow/text_format.h"
#include "common/text.h"
#include "query/copy_into_lines.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace fs = std::filesystem;
using governance::StatementOrigin;

/// Files that one source may stand for; more is a mistake in the pattern.
constexpr size_t kFilesMax = 100'000;

constexpr std::string_view kUploadScheme = "upload://";

struct Granted {
  std::string directory;  ///< Canonical, ends in "/".
  std::string pattern;    ///< Below it; may have *, ? and [].
  std::string prefix;     ///< What people see before the part below `directory`.
};

std::unexpected<Error> NotGranted(const std::string& source) {
  return MakeError(
      ErrorCode::kPermissionDenied,
      "a source must be upload://NAME, LOCATION/PATH or a path in an external location that was granted: {}", source);
}

/// Which granted place a source lies in, by name first and then by path.
Result<Granted> FindGrant(const std::vector<ReadableLocation>& readable, const std::string& source) {
  for (const std::string& part : Split(source, '/')) {
    if (part == "..") return NotGranted(source);
  }
  for (const ReadableLocation& location : readable) {
    if (location.name == "upload" && source.starts_with(kUploadScheme)) {
      return Granted{location.path, source.substr(kUploadScheme.size()), std::string(kUploadScheme)};
    }
    if (!location.name.empty() && location.name != "upload" && source.starts_with(location.name + "/")) {
      return Granted{location.path, source.substr(location.name.size() + 1), location.name + "/"};
    }
  }
  for (const ReadableLocation& location : readable) {
    if (location.name == "upload" || !source.starts_with(location.path)) continue;
    return Granted{location.path, source.substr(location.path.size()), location.path};
  }
  return NotGranted(source);
}

bool HasPattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

/// Of a source, what stands between slashes.
struct SourcePart {
  std::string text;
  bool may_be_name = true;  ///< What is there by this very name is meant, though it reads as a pattern.
};

std::vector<SourcePart> PartsOf(const std::string& text, size_t patterns) {
  std::vector<SourcePart> parts;
  for (std::string& part : Split(text, '/')) parts.push_back({.text = std::move(part), .may_be_name = true});
  for (size_t i = parts.size() - std::min(parts.size(), patterns); i < parts.size(); ++i) parts[i].may_be_name = false;
  return parts;
}

/// What a failing file system does not tell is no answer: rows of a file that was left out would be missing in silence.
Result<void> CheckTold(const std::error_code& error, const std::string& shown) {
  if (error != std::errc::io_error) return {};
  return MakeError(ErrorCode::kIoError, "a source cannot be looked at, as its file system fails: {}", shown);
}

Result<bool> IsPattern(const std::string& directory, const SourcePart& part, const std::string& shown) {
  if (!HasPattern(part.text)) return false;
  std::error_code error;
  const bool is_there = part.may_be_name && fs::exists(directory + part.text, error);
  NL_RETURN_IF_ERROR(CheckTold(error, shown + part.text));
  return !is_there;
}

/// In order.
Result<std::vector<std::string>> NamesLike(const std::string& directory, const std::string& pattern,
                                           const std::string& shown) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) names.push_back(name);
  }
  NL_RETURN_IF_ERROR(CheckTold(error, shown + pattern));
  std::ranges::sort(names);
  return names;
}

/// Every file below `directory` that the pattern's remaining parts match, in order of name. Links are resolved: what
/// they point to must lie below `root`.
Result<void> Collect(const std::string& root, const std::string& directory, std::span<const SourcePart> parts,
                     const std::string& shown, std::vector<SourceFile>& files) {
  const std::string& part = parts[0].text;
  NL_ASSIGN_OR_RETURN(const bool pattern, IsPattern(directory, parts[0], shown));
  if (!pattern && parts.size() > 1) {
    return Collect(root, directory + part + "/", parts.subspan(1), shown + part + "/", files);
  }
  std::vector<std::string> names = {part};
  if (pattern) {
    NL_ASSIGN_OR_RETURN(names, NamesLike(directory, part, shown));
  }
  for (const std::string& name : names) {
    std::error_code error;
    const std::string path = fs::canonical(directory + name, error).string();
    NL_RETURN_IF_ERROR(CheckTold(error, shown + name));
    if (error || !(path + "/").starts_with(root)) continue;
    if (parts.size() > 1) {
      const bool is_directory = fs::is_directory(path, error);
      NL_RETURN_IF_ERROR(CheckTold(error, shown + name));
      if (is_directory) NL_RETURN_IF_ERROR(Collect(root, path + "/", parts.subspan(1), shown + name + "/", files));
      continue;
    }
    const bool is_file = fs::is_regular_file(path, error);
    const auto size = is_file ? fs::file_size(path, error) : 0;
    NL_RETURN_IF_ERROR(CheckTold(error, shown + name));
    if (!is_file) continue;
    files.push_back({path, shown + name, error ? 0 : static_cast<int64_t>(size)});
    if (files.size() > kFilesMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a source matches more than {} files", kFilesMax);
    }
  }
  return {};
}

/// A store has no directories to ask, so what a part is the very name of is known from what was found. `begin`: where
/// the parts begin in the files' paths.
void KeepNamed(std::span<const SourcePart> parts, size_t begin, std::vector<SourceFile>& files) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto named = [&](const SourceFile& file) {
      return parts[i].may_be_name && Split(file.path.substr(begin), '/')[i] == parts[i].text;
    };
    if (std::ranges::any_of(files, named)) std::erase_if(files, std::not_fn(named));
  }
}

/// Every object of a granted place that the pattern matches, part by part, in order of name.
Result<std::vector<SourceFile>> CollectObjects(storage::ObjectStore& store, const Granted& granted,
                                               std::vector<SourcePart> parts) {
  std::vector<SourceFile> files;
  NL_ASSIGN_OR_RETURN(const std::string root, storage::NormalUrl(granted.directory));
  if (!HasPattern(granted.pattern)) {
    NL_ASSIGN_OR_RETURN(const std::string path, storage::NormalUrl(storage::JoinPath(root, granted.pattern)));
    if (granted.pattern.empty() || !storage::IsBelow(path, root)) return NotGranted(granted.prefix + granted.pattern);
    const auto info = store.Head(path);
    if (!info.has_value() && info.error().code() == ErrorCode::kNotFound) return files;
    if (!info.has_value()) return std::unexpected(info.error());
    files.push_back({path, granted.prefix + granted.pattern, info->size_bytes, &store});
    return files;
  }
  // What stands before the first pattern is where to look.
  std::string directory = root, shown = granted.prefix;
  while (parts.size() > 1 && !HasPattern(parts[0].text)) {
    directory = storage::JoinPath(directory, parts[0].text);
    shown += parts[0].text + "/";
    parts.erase(parts.begin());
  }
  NL_ASSIGN_OR_RETURN(directory, storage::NormalUrl(directory));
  const auto matches = [&](const std::string& relative, bool whole) {
    const std::vector<std::string> names = Split(relative, '/');
    if (whole ? names.size() != parts.size() : names.size() >= parts.size()) return false;
    for (size_t i = 0; i < names.size(); ++i) {
      if (parts[i].may_be_name && parts[i].text == names[i]) continue;
      if (::fnmatch(parts[i].text.c_str(), names[i].c_str(), FNM_PERIOD) != 0) return false;
    }
    return true;
  };
  NL_RETURN_IF_ERROR(store.Walk(
      directory, [&](const std::string& relative) { return matches(relative, false); },
      [&](const storage::ObjectInfo& info) -> Result<void> {
        const std::string relative = info.path.substr(directory.size() + 1);
        if (!matches(relative, true)) return {};
        files.push_back({info.path, shown + relative, info.size_bytes, &store});
        if (files.size() <= kFilesMax) return {};
        return MakeError(ErrorCode::kInvalidArgument, "a source matches more than {} files", kFilesMax);
      }));
  std::ranges::sort(files, {}, &SourceFile::path);
  KeepNamed(parts, directory.size() + 1, files);
  return files;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string ShownUpload(std::string_view name) {
  std::string shown(kUploadScheme);
  for (size_t i = 0; i < name.size(); ++i) {
    const int high = name[i] == '%' && i + 2 < name.size() ? HexDigit(name[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(name[i + 2]) : -1;
    if (low < 0) {
      shown += name[i];
      continue;
    }
    shown += static_cast<char>(high * 16 + low);
    i += 2;
  }
  const bool readable =
      IsValidUtf8(shown) && std::ranges::none_of(shown, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return readable ? shown : std::string(kUploadScheme) + std::string(name);
}

Result<ProductSql::Rows> StatementSql::Query(const std::string& sql) {
  NL_ASSIGN_OR_RETURN(auto costed, Prepared(sql, {}));
  return CollectRows(std::move(costed));
}

Result<ProductSql::Rows> StatementSql::Query(const std::string& sql, StatementOrigin origin) {
  NL_ASSIGN_OR_RETURN(auto costed, statement_.Prepare(sql, origin));
  return CollectRows(std::move(costed));
}

Result<ProductSql::Rows> StatementSql::CollectRows(plan::CostedQuery query) {
  NL_ASSIGN_OR_RETURN(auto running, statement_.engine_.Execute(std::move(query)));
  Rows rows;
  if (running->schema().column_count() == 0) {
    NL_ASSIGN_OR_RETURN(const auto end, running->Next());
    return rows;
  }
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(running->schema()));
  rows.columns = formatter.column_names();
  rows.types = formatter.column_types();
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto batch, running->Next());
    if (!batch) return rows;
    NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
    for (int64_t row = 0; row < batch->row_count(); ++row) {
      auto& values = rows.rows.emplace_back();
      for (size_t column = 0; column < rows.columns.size(); ++column) {
        std::string text;
        const bool present = formatter.AppendText(row, static_cast<int64_t>(column), text);
        values.push_back(present ? std::optional(std::move(text)) : std::nullopt);
      }
    }
  }
}

Result<engine::duckdb::ExecutionStatistics> StatementSql::Write(const std::string& sql, StatementOrigin origin,
                                                                std::vector<tables::delta::SetTransaction> transactions,
                                                                std::optional<engine::duckdb::WriteIntent> intent) {
  NL_ASSIGN_OR_RETURN(auto costed, statement_.Prepare(sql, origin, std::move(transactions), std::move(intent)));
  NL_ASSIGN_OR_RETURN(auto running, statement_.engine_.Execute(std::move(costed)));
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto batch, running->Next());
    if (!batch) return running->statistics();
  }
}

// Its text is the product's, with names and values of files in it: an error of the parser would quote them. In a text
// that only holds a user's, it would count from the wrong place.
Result<plan::CostedQuery> StatementSql::Prepared(const std::string& sql, Transactions transactions) {
  auto prepared = statement_.Prepare(sql, origin_, std::move(transactions));
  if (prepared.has_value() || prepared.error().code() != ErrorCode::kSyntaxError) return prepared;
  if (origin_ == StatementOrigin::kUser) return MakeError(ErrorCode::kSyntaxError, "{}", prepared.error().message());
  return MakeError(ErrorCode::kInvalidArgument, "a name or an option holds what no statement can");
}

// The statement is bound, so its snapshot of the table is not newer than what is looked at here; what comes later meets
// the conflict rules of its commit. Together they leave no gap for another version with the same transactions.
Result<void> StatementSql::CheckFound(const WriteCommit& commit) {
  NL_ASSIGN_OR_RETURN(const auto now, statement_.engine_.FindTable({commit.target.schema, commit.target.name}));
  const auto conflict = [&](std::string_view what) {
    return MakeError(ErrorCode::kConflict, "another statement {} at the same time; run this one again: {}.{}", what,
                     commit.target.schema, commit.target.name);
  };
  if (now.has_value() != (commit.found != nullptr)) return conflict(now ? "made the table" : "dropped the table");
  if (!now.has_value()) return {};
  if (now->id.value() != commit.found->id) return conflict("made the table anew");
  for (const auto& transaction : commit.transactions) {
    const auto before = commit.found->transactions.find(transaction.app_id);
    const auto current = now->transactions.find(transaction.app_id);
    const bool had = before != commit.found->transactions.end();
    const bool has = current != now->transactions.end();
    if (had != has || (had && before->second != current->second)) return conflict("loaded the same into the table");
  }
  return {};
}

Result<Written> StatementSql::RunToEnd(const std::string& sql, Transactions transactions, const WriteCommit* commit) {
  NL_ASSIGN_OR_RETURN(auto costed, Prepared(sql, std::move(transactions)));
  if (commit != nullptr) NL_RETURN_IF_ERROR(CheckFound(*commit));
  NL_ASSIGN_OR_RETURN(auto running, statement_.engine_.Execute(std::move(costed)));
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto batch, running->Next());
    if (!batch) break;
  }
  const auto statistics = running->statistics();
  return Written{.rows = std::max<int64_t>(0, statistics.rows_changed),
                 .version = statistics.committed_version,
                 .rows_dropped = statistics.rows_dropped,
                 .rows_quarantined = statistics.rows_quarantined};
}

Result<Written> StatementSql::WriteStatements(const std::vector<std::string>& statements, const WriteCommit& commit) {
  if (statements.size() == 1) return RunToEnd(statements[0], commit.transactions, &commit);
  NL_RETURN_IF_ERROR(RunToEnd("BEGIN TRANSACTION", {}, nullptr));
  Written written;
  for (const std::string& sql : statements) {
    const auto one = RunToEnd(sql, {}, &commit);
    if (!one.has_value()) {
      // What cannot be rolled back must not meet the next statement: its error is the worse one.
      NL_RETURN_IF_ERROR(RunToEnd("ROLLBACK", {}, nullptr));
      return one;
    }
    written.rows += one->rows;
    written.rows_dropped += one->rows_dropped;
    written.rows_quarantined += one->rows_quarantined;
  }
  NL_ASSIGN_OR_RETURN(const Written committed, RunToEnd("COMMIT", commit.transactions, nullptr));
  written.version = committed.version;
  return written;
}

Result<Written> StatementSql::Write(const std::vector<std::string>& statements, const WriteCommit& commit) {
  statement_.provider_.SetCommitCheck(commit.check);
  statement_.load_ = &commit;
  auto written = WriteStatements(statements, commit);
  statement_.provider_.SetCommitCheck({});
  statement_.load_ = nullptr;
  return written;
}

Result<void> StatementSql::Drop(const std::string& sql) {
  NL_RETURN_IF_ERROR(RunToEnd(sql, {}, nullptr));
  return {};
}

Result<std::optional<TableShape>> StatementSql::FindTable(const std::string& schema, const std::string& table) {
  NL_RETURN_IF_ERROR(statement_.Begin(origin_));
  NL_ASSIGN_OR_RETURN(auto state, statement_.engine_.FindTable({schema, table}));
  if (!state) return std::nullopt;
  TableShape shape{.id = state->id.value(),
                   .version = state->version,
                   .columns = {},
                   .transactions = std::move(state->transactions)};
  for (auto& column : state->columns) shape.columns.push_back({column.name, column.type, column.nullable});
  return shape;
}

Result<std::vector<SourceFile>> StatementSql::ResolveSource(const std::string& directory, const std::string& pattern) {
  const std::string source = directory + (pattern.empty() || directory.ends_with('/') ? pattern : "/" + pattern);
  NL_ASSIGN_OR_RETURN(const Granted granted, FindGrant(statement_.start_.readable, source));
  const std::vector<SourcePart> parts =
      PartsOf(granted.pattern, pattern.empty() ? size_t{0} : Split(pattern, '/').size());
  if (storage::IsUrl(granted.directory)) {
    NL_ASSIGN_OR_RETURN(auto found, CollectObjects(statement_.engine_.store(), granted, parts));
    if (found.empty()) return MakeError(ErrorCode::kNotFound, "no file matches the source: {}", source);
    NL_RETURN_IF_ERROR(CheckSources(found));
    return found;
  }
  std::error_code error;
  std::string root = fs::canonical(granted.directory, error).string();
  NL_RETURN_IF_ERROR(CheckTold(error, source));
  if (error) return MakeError(ErrorCode::kNotFound, "no file matches the source: {}", source);
  if (!root.ends_with('/')) root += '/';
  std::vector<SourceFile> files;
  NL_RETURN_IF_ERROR(Collect(root, root, parts, granted.prefix, files));
  if (files.empty()) return MakeError(ErrorCode::kNotFound, "no file matches the source: {}", source);
  NL_RETURN_IF_ERROR(CheckSources(files));
  if (granted.prefix == kUploadScheme) {
    for (SourceFile& file : files) file.name = ShownUpload(std::string_view(file.name).substr(kUploadScheme.size()));
  }
  return files;
}

Result<void> StatementSql::CheckSources(const std::vector<SourceFile>& files) {
  std::set<std::string> directories;
  for (const SourceFile& file : files) directories.insert(file.path.substr(0, file.path.rfind('/') + 1));
  boost::json::array paths(directories.begin(), directories.end());
  const boost::json::object arguments{{"paths", std::move(paths)}};
  NL_RETURN_IF_ERROR(statement_.provider_.Maintain("check_sources", boost::json::serialize(arguments)));
  return {};
}

Result<void> StatementSql::CheckAlive() { return statement_.ctx_.CheckAlive(); }

const Clock& StatementSql::clock() const { return statement_.ctx_.clock(); }

}  // namespace neurolake::query
