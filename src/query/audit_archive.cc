#include "query/audit_archive.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "audit/log_files.h"
#include "catalog/catalog.h"
#include "query/location_stores.h"
#include "query/store_access.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPieceBytes = 8 << 20;

/// Names of segments that the log's directory has no lines of any more.
Result<std::vector<std::string>> ArchivedAlone(const fs::path& segments) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry(segments, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (entry->path().extension() != ".archived") continue;
    const fs::path lines = fs::path(entry->path()).replace_extension(".jsonl");
    std::error_code ignored;
    if (!fs::exists(lines, ignored)) names.push_back(lines.filename().string());
  }
  if (failure)
    return MakeError(ErrorCode::kNotFound, "there is no audit log, or it cannot be read: {}", segments.string());
  std::ranges::sort(names);
  return names;
}

Result<void> Fetch(const StoreArchive& archive, const std::string& name, const fs::path& to) {
  // What is there may be a link to the log's own file.
  std::error_code ignored;
  fs::remove(to, ignored);
  std::ofstream file(to, std::ios::binary | std::ios::trunc);
  for (uint64_t begin = 0;;) {
    NL_ASSIGN_OR_RETURN(const std::string piece, archive.Read(name, begin, kPieceBytes));
    if (piece.empty()) break;
    file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    begin += piece.size();
  }
  file.flush();
  if (!file) return MakeError(ErrorCode::kIoError, "a segment of the audit log cannot be written: {}", to.string());
  return {};
}

}  // namespace

Result<void> StoreArchive::Store(const std::string& name, const std::string& path) {
  NL_ASSIGN_OR_RETURN(const auto store, open_());
  NL_ASSIGN_OR_RETURN(const uint64_t bytes, audit::FileSize(path));
  NL_ASSIGN_OR_RETURN(
      const auto upload,
      store->NewUpload(place_ + "/" + name, {.if_absent = true, .expected_bytes = static_cast<int64_t>(bytes)}));
  for (uint64_t begin = 0; begin < bytes;) {
    NL_ASSIGN_OR_RETURN(const std::string piece, audit::ReadFile(path, begin, kPieceBytes));
    if (piece.empty()) return MakeError(ErrorCode::kIoError, "a segment of the audit log ended early: {}", path);
    NL_RETURN_IF_ERROR(upload->Append(piece));
    begin += piece.size();
  }
  const auto finished = upload->Finish();
  // What is there, whoever put it there and whether or not the store said so, is read back by whoever calls.
  const bool there = !finished && (finished.error().code() == ErrorCode::kAlreadyExists ||
                                   finished.error().code() == ErrorCode::kCommitUnknown);
  return there ? Result<void>() : finished;
}

Result<std::string> StoreArchive::Read(const std::string& name, uint64_t begin, uint64_t bytes) const {
  NL_ASSIGN_OR_RETURN(const auto store, open_());
  const std::string path = place_ + "/" + name;
  // Not every store answers a range behind the end with nothing.
  NL_ASSIGN_OR_RETURN(const auto info, store->Head(path));
  const auto size = static_cast<uint64_t>(info.size_bytes);
  if (begin >= size) return std::string();
  return store->ReadRange(path, static_cast<int64_t>(begin), static_cast<int64_t>(std::min(bytes, size - begin)));
}

Result<std::string> ArchivePlace(const Settings& settings) {
  std::string place = settings.audit_archive;
  if (storage::IsUrl(place)) {
    NL_ASSIGN_OR_RETURN(const std::string kind, StoreKindOf(place));
    NL_ASSIGN_OR_RETURN(place, storage::NormalUrl(place));
  }
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  return place;
}

Result<int64_t> FetchArchivedSegments(const Settings& settings, const Clock& clock, const std::string& folder) {
  NL_ASSIGN_OR_RETURN(const auto names, ArchivedAlone(fs::path(settings.lake) / "audit" / "segments"));
  if (names.empty()) return int64_t{0};
  NL_ASSIGN_OR_RETURN(const std::string place, ArchivePlace(settings));
  if (place.empty()) {
    return MakeError(ErrorCode::kNotFound, "a segment is in an archive, name it by --audit.archive: {}", names.front());
  }
  StoreArchive::Open open = [] { return Result<std::shared_ptr<storage::ObjectStore>>(storage::NewLocalStore()); };
  std::unique_ptr<metastore::Store> metastore;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<LocationStores> locations;
  if (storage::IsUrl(place)) {
    std::error_code failure;
    const std::string root = fs::canonical(settings.lake, failure).string();
    if (failure) return MakeError(ErrorCode::kNotFound, "there is no lake: {}", settings.lake);
    NL_ASSIGN_OR_RETURN(metastore, metastore::OpenStore(settings.metastore_url, root + "/metastore.db"));
    catalog = catalog::NewCatalog(*metastore, clock, root);
    locations = std::make_unique<LocationStores>(
        *catalog, CredentialKeySource{settings.credentials_key, root + "/credentials.key"});
    open = [&] { return locations->ClientBy(settings.audit_archive_credential); };
  }
  const StoreArchive archive(place, std::move(open));
  for (const std::string& name : names) NL_RETURN_IF_ERROR(Fetch(archive, name, fs::path(folder) / name));
  return static_cast<int64_t>(names.size());
}

}  // namespace neurolake::query
