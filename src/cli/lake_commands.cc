#include "cli/lake_commands.h"

#include <charconv>
#include <ostream>

#include "catalog/catalog.h"
#include "cli/text_table.h"
#include "common/text.h"
#include "metastore/backup.h"
#include "metastore/database.h"
#include "query/lake_directory.h"

namespace neurolake::cli {
namespace {

namespace fs = std::filesystem;

std::string ValueText(Settings& settings, size_t index) {
  const SettingDefinition& definition = kSettingDefinitions[index];
  const SettingsTarget target = TargetOf(settings, index);
  if (target.as_string != nullptr) return *target.as_string;
  if (target.as_bool != nullptr) return *target.as_bool ? "true" : "false";
  if (target.as_duration != nullptr) return fmt::format("{}ms", target.as_duration->count());
  if (target.as_int != nullptr) {
    return std::string_view(definition.type) == "bytes" ? FormatBytes(*target.as_int) : std::to_string(*target.as_int);
  }
  std::string text;
  if (target.as_list != nullptr) {
    for (const std::string& part : *target.as_list) text += (text.empty() ? "" : ",") + part;
  }
  return text;
}

/// "http.port", "http-port" and "HTTP_PORT" are one setting.
std::string Plain(std::string_view name) {
  std::string plain = LowerAscii(name);
  for (char& c : plain) {
    if (c == '.' || c == '-') c = '_';
  }
  return plain;
}

std::string EnvironmentName(std::string_view setting) {
  std::string name = "NEUROLAKE_" + Plain(setting);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

struct OpenedCatalog {
  std::unique_ptr<metastore::Store> store;
  std::unique_ptr<catalog::Catalog> catalog;
};

Result<OpenedCatalog> OpenCatalog(const Settings& settings, const std::string& root, const Clock& clock) {
  OpenedCatalog opened;
  NL_ASSIGN_OR_RETURN(opened.store, metastore::OpenStore(settings.metastore_url, root + "/metastore.db"));
  opened.catalog = catalog::NewCatalog(*opened.store, clock, root);
  return opened;
}

Result<std::string> LakeRoot(const Settings& settings) {
  std::error_code failure;
  const std::string root = fs::canonical(settings.lake, failure).string();
  if (failure || (settings.metastore_url.empty() && !fs::exists(root + "/metastore.db", failure))) {
    return MakeError(ErrorCode::kNotFound, "there is no lake in {}; name one with --lake", settings.lake);
  }
  return root;
}

Result<std::vector<metastore::ManifestEntry>> ListVersions(catalog::Catalog& catalog) {
  std::vector<metastore::ManifestEntry> entries;
  NL_ASSIGN_OR_RETURN(const auto tables, catalog.ListTables(std::nullopt));
  for (const auto& table : tables) {
    metastore::ManifestEntry entry;
    entry.table_id = table.id;
    entry.schema_name = table.schema_name;
    entry.name = table.name;
    entry.location = table.location;
    NL_ASSIGN_OR_RETURN(entry.version, NewestLogVersion(table.location));
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// Moves a store and its write-ahead files out of the way, together: one without the other is a different database.
Result<void> SetAside(const std::string& path, const std::string& aside) {
  for (const char* suffix : {"-wal", "-shm", ""}) {
    std::error_code failure;
    if (!fs::exists(path + suffix, failure)) continue;
    fs::rename(path + suffix, aside + suffix, failure);
    if (failure) return MakeError(ErrorCode::kIoError, "cannot move {}: {}", path + suffix, failure.message());
  }
  return {};
}

std::string CompactTime(WallTime now) {
  std::string text = FormatTimestamp(now).substr(0, 19);
  std::erase(text, '-');
  std::erase(text, ':');
  return text;
}

/// `path`, or with the first number behind it that names nothing yet: a second restore within a second, or one after
/// the clock was set back, must not replace the store that the first kept. The lake's lock keeps others from taking the
/// name. Errors: kAlreadyExists when there are far too many.
Result<std::string> NameForKeeping(const std::string& path) {
  constexpr int kAttemptsMax = 10'000;
  for (int attempt = 1; attempt <= kAttemptsMax; ++attempt) {
    std::string name = attempt == 1 ? path : fmt::format("{}-{}", path, attempt);
    bool taken = false;
    for (const char* suffix : {"-wal", "-shm", ""}) {
      std::error_code failure;
      // What cannot be looked at may be there.
      taken = taken || fs::exists(fs::symlink_status(name + suffix, failure)) ||
              (failure && failure != std::errc::no_such_file_or_directory);
    }
    if (!taken) return name;
  }
  return MakeError(ErrorCode::kAlreadyExists, "there are too many kept metadata stores; remove some: {}", path);
}

void RemoveStore(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", ""}) {
    std::error_code ignored;
    fs::remove(path + suffix, ignored);
  }
}

/// Checks the backup and brings it to this program's version in a new store at `arriving`.
Result<void> ArriveIn(const std::string& arriving, const std::string& file) {
  NL_ASSIGN_OR_RETURN(const auto store, metastore::OpenStore("", arriving));
  return store->RestoreFrom(file);
}

std::unexpected<Error> NeedsForce() {
  return MakeError(ErrorCode::kAlreadyExists, "the lake has a metadata store; --force replaces it and keeps a copy");
}

/// SQLite: the new file takes the place of the old one, which stays beside it.
Result<void> ReplaceFile(const std::string& path, const std::string& arriving, const std::string& aside, bool force,
                         std::ostream& out) {
  std::error_code failure;
  const bool replaces = fs::exists(path, failure);
  if (replaces && !force) return NeedsForce();
  NL_RETURN_IF_ERROR(SetAside(path, aside));
  NL_RETURN_IF_ERROR(SetAside(arriving, path));
  if (replaces) out << "kept the former metadata store as " << aside << '\n';
  return {};
}

/// PostgreSQL: a copy of what is there, then the rows of the backup in its place.
Result<void> ReplaceRows(const std::string& url, const std::string& file, const std::string& aside, bool force,
                         std::ostream& out) {
  NL_ASSIGN_OR_RETURN(const auto store, metastore::OpenStore(url, ""));
  auto restored = store->RestoreFrom(file);
  if (restored || restored.error().code() != ErrorCode::kAlreadyExists) return restored;
  if (!force) return NeedsForce();
  NL_RETURN_IF_ERROR(store->BackupTo(aside));
  out << "kept a copy of the former metadata store as " << aside << '\n' << std::flush;
  NL_RETURN_IF_ERROR(metastore::MigrateTo(*store, 0));
  NL_RETURN_IF_ERROR(metastore::MigrateTo(*store, metastore::NewestMigration()));
  restored = store->RestoreFrom(file);
  if (restored) return {};
  // The file was good a moment ago, so this is the store's trouble: put back what was there.
  if (const auto undone = store->RestoreFrom(aside); !undone) {
    return MakeError(ErrorCode::kUnavailable, "the restore failed and the store is empty; restore it from {}", aside);
  }
  return restored;
}

/// Says for each table of the backup which version it matches and where its files are now.
Result<void> CompareVersions(const std::vector<metastore::ManifestEntry>& manifest, catalog::Catalog& catalog,
                             std::ostream& out) {
  int64_t differing = 0;
  for (const auto& entry : manifest) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(entry.table_id));
    const std::string location = table ? table->location : entry.location;
    NL_ASSIGN_OR_RETURN(const int64_t version, NewestLogVersion(location));
    out << fmt::format("{}.{} version {}", entry.schema_name, entry.name, entry.version);
    if (version < entry.version || version > std::max(entry.version, entry.version_after)) {
      ++differing;
      out << (version < 0 ? ": its files are missing" : fmt::format(": its files are at version {}", version));
    }
    out << '\n';
  }
  out << fmt::format("restored {} tables, {} of which changed since the backup\n", manifest.size(), differing);
  return {};
}

}  // namespace

Result<std::vector<EffectiveSetting>> EffectiveSettings(const std::string& file,
                                                        const std::map<std::string, std::string>& environment,
                                                        const std::map<std::string, std::string>& flags) {
  NL_ASSIGN_OR_RETURN(Settings effective, LoadSettings(file, environment, flags));
  NL_ASSIGN_OR_RETURN(Settings of_file, LoadSettings(file, {}, {}));
  NL_ASSIGN_OR_RETURN(Settings of_default, LoadSettings("", {}, {}));
  std::vector<EffectiveSetting> shown;
  for (size_t i = 0; i < kSettingDefinitions.size(); ++i) {
    const SettingDefinition& definition = kSettingDefinitions[i];
    EffectiveSetting setting{.name = definition.name, .value = ValueText(effective, i), .source = "default"};
    const bool by_flag =
        std::ranges::any_of(flags, [&](const auto& flag) { return Plain(flag.first) == Plain(definition.name); });
    if (by_flag) {
      setting.source = "flag";
    } else if (environment.contains(EnvironmentName(definition.name))) {
      setting.source = "environment " + EnvironmentName(definition.name);
    } else if (ValueText(of_file, i) != ValueText(of_default, i)) {
      setting.source = file;
    }
    if (definition.secret && !setting.value.empty()) setting.value = "(secret)";
    shown.push_back(std::move(setting));
  }
  return shown;
}

Result<void> PrintConfig(const std::vector<EffectiveSetting>& settings, OutputFormat format, Console& console) {
  std::vector<std::vector<std::string>> rows;
  for (const EffectiveSetting& setting : settings) rows.push_back({setting.name, setting.value, setting.source});
  return PrintTextTable({"setting", "value", "source"}, rows, format, console);
}

Result<int64_t> NewestLogVersion(const std::string& table_location) {
  constexpr size_t kVersionDigits = 20;
  int64_t newest = -1;
  std::error_code failure;
  const fs::path log = fs::path(table_location) / "_delta_log";
  if (!fs::exists(log, failure)) return newest;
  for (fs::directory_iterator entry(log, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name.size() != kVersionDigits + 5 || !name.ends_with(".json")) continue;
    int64_t version = -1;
    const auto [last, error] = std::from_chars(name.data(), name.data() + kVersionDigits, version);
    if (error == std::errc() && last == name.data() + kVersionDigits) newest = std::max(newest, version);
  }
  if (failure) return MakeError(ErrorCode::kIoError, "cannot list {}: {}", log.string(), failure.message());
  return newest;
}

Result<void> Backup(const Settings& settings, const std::string& file, const Clock& clock, std::ostream& out) {
  NL_ASSIGN_OR_RETURN(const std::string root, LakeRoot(settings));
  NL_ASSIGN_OR_RETURN(const auto lake, OpenCatalog(settings, root, clock));
  NL_ASSIGN_OR_RETURN(auto entries, ListVersions(*lake.catalog));
  NL_RETURN_IF_ERROR(lake.store->BackupTo(file));
  const auto finish = [&]() -> Result<void> {
    for (auto& entry : entries) {
      NL_ASSIGN_OR_RETURN(entry.version_after, NewestLogVersion(entry.location));
    }
    return metastore::WriteManifest(file, entries);
  };
  if (const auto finished = finish(); !finished) {
    // Without its manifest the file must not pass for a backup.
    std::error_code ignored;
    fs::remove(file, ignored);
    return finished;
  }
  for (const auto& entry : entries) {
    out << fmt::format("{}.{} version {}", entry.schema_name, entry.name, entry.version);
    if (entry.version_after != entry.version) out << fmt::format(" (version {} by the end)", entry.version_after);
    out << '\n';
  }
  out << fmt::format("wrote {} with {} tables; the data files are in {}/tables\n", file, entries.size(), root)
      << std::flush;
  return {};
}

Result<void> Restore(const Settings& settings, const std::string& file, bool force, const Clock& clock,
                     std::ostream& out) {
  NL_ASSIGN_OR_RETURN(const auto manifest, metastore::ReadManifest(file));
  NL_ASSIGN_OR_RETURN(const auto lake, query::LakeDirectory::Open(settings.lake));
  const std::string path = lake->metastore_path();
  NL_ASSIGN_OR_RETURN(const std::string aside,
                      NameForKeeping(fmt::format("{}.before-restore-{}", path, CompactTime(clock.Now()))));
  const std::string arriving = path + ".restoring";
  RemoveStore(arriving);
  // Into a store of its own first, whatever the lake's is: a file that cannot be restored is found out here, before
  // anything is replaced.
  auto arrived = ArriveIn(arriving, file);
  if (arrived) {
    arrived = settings.metastore_url.empty() ? ReplaceFile(path, arriving, aside, force, out)
                                             : ReplaceRows(settings.metastore_url, file, aside, force, out);
  }
  RemoveStore(arriving);
  NL_RETURN_IF_ERROR(arrived);
  NL_ASSIGN_OR_RETURN(const auto restored, OpenCatalog(settings, lake->root(), clock));
  return CompareVersions(manifest, *restored.catalog, out);
}

}  // namespace neurolake::cli
