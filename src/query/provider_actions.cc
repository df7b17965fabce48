// Which files the actions of a commit may name.
#include "common/text.h"
#include "query/provider_server.h"
#include "query/shallow_clones.h"
#include "storage/path.h"
#include "tables/delta/clone.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/file_path.h"

namespace neurolake::query {
namespace {

using engine::duckdb::TableEntry;

/// Whether `path`, as the log spells it, is relative and names a file of the table's that is not the log's own:
/// judged after decoding, and without the empty and "." parts that the file system skips.
bool IsInsideTable(std::string_view path) {
  const std::string root = "/table";
  const auto decoded = tables::delta::DecodePath(path);
  const auto resolved = tables::delta::ResolvePath(root, path);
  // A scheme, or a root, makes the two differ; ".." does not resolve.
  if (!decoded || !resolved || *resolved != root + "/" + *decoded) return false;
  const std::vector<std::string> parts = Split(*decoded, '/');
  const auto first = std::ranges::find_if(parts, [](const std::string& part) { return !part.empty() && part != "."; });
  return first != parts.end() && *first != "_delta_log" && !parts.back().empty() && parts.back() != ".";
}

/// The same of a path in the log of `table`: of one that lies elsewhere others may have spelt its own files absolutely.
bool IsInsideTable(const TableEntry& table, std::string_view path) {
  if (table.managed || !tables::delta::IsAbsolutePath(path)) return IsInsideTable(path);
  const auto resolved = tables::delta::ResolvePath(table.location, path);
  return resolved && resolved->starts_with(table.location + "/") &&
         IsInsideTable(tables::delta::EncodePath(std::string_view(*resolved).substr(table.location.size() + 1)));
}

/// The same of the file that a deletion vector is in.
bool IsInsideTable(const TableEntry& table, const std::optional<tables::delta::DeletionVectorDescriptor>& vector) {
  if (!vector) return true;
  if (!table.managed && vector->storage_type == "p") return IsInsideTable(table, vector->path_or_inline_dv);
  if (vector->storage_type == "i") return true;
  if (vector->storage_type != "u" && vector->storage_type != "p") return false;
  const std::string root = "/table";
  const auto path = tables::delta::DeletionVectorPath(root, *vector);
  return path && path->starts_with(root + "/") &&
         IsInsideTable(tables::delta::EncodePath(std::string_view(*path).substr(root.size() + 1)));
}

}  // namespace

Result<void> ProviderServer::CheckActions(const tables::delta::CommitRequest& request, const TableEntry& table) const {
  const bool is_clone = !table.foreign_roots.empty();
  if (is_clone) NL_RETURN_IF_ERROR(CheckForeignFiles(table, request));
  for (const auto& add : request.adds) {
    const auto& vector = add.deletion_vector;
    const bool own_vector = !is_clone || !vector || vector->storage_type != "p";
    if (own_vector && !IsInsideTable(table, vector)) return Refused("a deletion vector outside the table");
    if (is_clone && tables::delta::IsAbsolutePath(add.path)) continue;
    if (!IsInsideTable(table, add.path)) return Refused("a data file outside the table");
    // In an object store "a//b" and "./a" are other places than "a/b" and "a": nobody could read the table.
    const bool readable =
        !storage::IsUrl(request.table_path) || tables::delta::ResolvePath(request.table_path, add.path).has_value();
    if (!readable) return Refused("a data file by a name that is not normal");
  }
  for (const auto& change : request.changes) {
    if (!IsInsideTable(change.path)) return Refused("a file of changes outside the table");
  }
  if (table.managed) {
    for (const auto& remove : request.removes) {
      if (is_clone && tables::delta::IsAbsolutePath(remove.path)) continue;  // It goes from the log alone.
      if (!IsInsideTable(remove.path)) return Refused("a removed file outside the table");
    }
  }
  return {};
}

Result<void> ProviderServer::CheckForeignFiles(const TableEntry& table,
                                               const tables::delta::CommitRequest& request) const {
  const bool made_now = prepared_clones_.contains(table.id);
  if (made_now) {
    for (const std::string& path : tables::delta::ForeignPaths(request.adds)) {
      NL_RETURN_IF_ERROR(tables::delta::ResolvePath(table.location, path, table.foreign_roots));
    }
    return {};
  }
  NL_ASSIGN_OR_RETURN(const bool unlisted, NamesUnlistedFiles(store_, table.location, request));
  if (!unlisted) return {};
  return MakeError(ErrorCode::kInternal,
                   "a worker sent a commit that cannot be right: a file of the source that the "
                   "clone does not have");
}

}  // namespace neurolake::query
