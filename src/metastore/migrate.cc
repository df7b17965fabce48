#include <chrono>

#include "common/check.h"
#include "common/ids.h"
#include "metastore/internal/migrations.h"

namespace neurolake::metastore {
namespace {

constexpr std::string_view kVersionTable = "schema_migrations";

bool IsWordByte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

// Replaces `word` where it stands alone.
std::string ReplaceWord(std::string text, std::string_view word, std::string_view replacement) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    const bool starts = at == 0 || !IsWordByte(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !IsWordByte(text[at + word.size()]);
    if (starts && ends) text.replace(at, word.size(), replacement);
    at += starts && ends ? replacement.size() : word.size();
  }
  return text;
}

int64_t NowMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string FillIn(std::string text) {
  constexpr std::string_view kUuid = "{uuid}";
  constexpr std::string_view kNow = "{now}";
  for (size_t at = text.find(kUuid); at != std::string::npos; at = text.find(kUuid, at)) {
    text.replace(at, kUuid.size(), NewUuid());
  }
  for (size_t at = text.find(kNow); at != std::string::npos; at = text.find(kNow, at)) {
    text.replace(at, kNow.size(), std::to_string(NowMicroseconds()));
  }
  return text;
}

Result<void> RunAll(Session& session, const std::vector<std::string_view>& statements) {
  for (const std::string_view sql : statements) {
    NL_RETURN_IF_ERROR(session.Execute(FillIn(TranslateDefinition(session.kind(), sql))));
  }
  return {};
}

Result<void> StepUp(Session& session, const Migration& migration) {
  NL_RETURN_IF_ERROR(RunAll(session, migration.up));
  NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schema_migrations (version, name, applied) VALUES (?, ?, ?)",
                                     {int64_t{migration.version}, std::string(migration.name), NowMicroseconds()}));
  return {};
}

Result<void> StepDown(Session& session, const Migration& migration) {
  NL_RETURN_IF_ERROR(RunAll(session, migration.down));
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM schema_migrations WHERE version = ?", {int64_t{migration.version}}));
  return {};
}

}  // namespace

std::string TranslateDefinition(std::string_view kind, std::string_view sql) {
  std::string text(sql);
  if (!text.starts_with("CREATE TABLE")) return text;
  if (kind == "sqlite") return text + " STRICT";
  text = ReplaceWord(std::move(text), "INTEGER", "BIGINT");
  text = ReplaceWord(std::move(text), "REAL", "DOUBLE PRECISION");
  return ReplaceWord(std::move(text), "TEXT", "TEXT COLLATE \"C\"");
}

Result<int> MigrationOf(Session& session) {
  NL_ASSIGN_OR_RETURN(const bool has_table, session.HasTable(kVersionTable));
  if (!has_table) return 0;
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT COALESCE(MAX(version), 0) FROM schema_migrations"));
  const auto version = static_cast<int>(std::get<int64_t>(rows.at(0).at(0)));
  if (version > NewestMigration()) {
    return MakeError(ErrorCode::kNotSupported,
                     "the metadata store was made by a newer version of neurolake: its schema is version {}, this "
                     "program knows versions up to {}",
                     version, NewestMigration());
  }
  return version;
}

Result<void> MigrateSession(Session& session, int version) {
  if (version < 0 || version > NewestMigration()) {
    return MakeError(ErrorCode::kInvalidArgument, "there is no migration {}; the newest is {}", version,
                     NewestMigration());
  }
  NL_ASSIGN_OR_RETURN(int current, MigrationOf(session));
  NL_ASSIGN_OR_RETURN(const bool has_table, session.HasTable(kVersionTable));
  if (!has_table && version > 0) {
    NL_RETURN_IF_ERROR(session.Execute(TranslateDefinition(
        session.kind(),
        "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied INTEGER "
        "NOT NULL)")));
  }
  const auto& migrations = Migrations();
  for (; current < version; ++current) NL_RETURN_IF_ERROR(StepUp(session, migrations.at(current)));
  for (; current > version; --current) NL_RETURN_IF_ERROR(StepDown(session, migrations.at(current - 1)));
  if (version == 0 && has_table) NL_RETURN_IF_ERROR(session.Execute("DROP TABLE schema_migrations"));
  return {};
}

int NewestMigration() { return Migrations().back().version; }

Result<int> CurrentMigration(Store& store) {
  int version = 0;
  NL_RETURN_IF_ERROR(store.Read([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(version, MigrationOf(session));
    return {};
  }));
  return version;
}

Result<void> MigrateTo(Store& store, int version) {
  // A look without the lock first: nearly every start has nothing to do and should not wait for another's write.
  NL_ASSIGN_OR_RETURN(const int current, CurrentMigration(store));
  if (current == version) return {};
  return store.WriteAlone([&](Session& session) { return MigrateSession(session, version); });
}

}  // namespace neurolake::metastore
