#include "query/shallow_clones.h"

#include <algorithm>

#include "common/ids.h"
#include "query/messages.h"
#include "tables/delta/clone.h"
#include "tables/delta/log_file_parts.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::ForeignRoot;

/// VACUUM, ours and others', looks at no name that begins so.
std::string ListDirectory(const std::string& clone_location) { return clone_location + "/_shallow_clone"; }

}  // namespace

Result<engine::duckdb::TableEntry> EntryOf(catalog::Catalog& catalog, const catalog::TableRecord& record) {
  engine::duckdb::TableEntry entry{.id = record.id,
                                   .schema_name = record.schema_name,
                                   .table_name = record.name,
                                   .location = record.location,
                                   .managed = record.managed,
                                   .comment = record.comment,
                                   .foreign_roots = {}};
  if (!record.is_shallow_clone) return entry;
  NL_ASSIGN_OR_RETURN(const auto sources, catalog.ListCloneSources(record.id));
  for (const auto& source : sources) entry.foreign_roots.push_back({source.named, source.location});
  return entry;
}

Result<std::vector<ForeignRoot>> NoteCloneSources(catalog::Catalog& catalog, const TableId& clone,
                                                  const catalog::TableRecord& source) {
  std::vector<catalog::CloneSource> sources = {
      {.source = source.id, .location = source.location, .managed = source.managed, .named = source.location}};
  if (source.is_shallow_clone) {
    NL_ASSIGN_OR_RETURN(const auto further, catalog.ListCloneSources(source.id));
    for (const auto& one : further) {
      // The new log spells paths as they are now, wherever the lake was when the older one was written.
      sources.push_back(
          {.source = one.source, .location = one.location, .managed = one.managed, .named = one.location});
    }
  }
  NL_RETURN_IF_ERROR(catalog.AddCloneSources(clone, sources));
  std::vector<ForeignRoot> roots;
  for (const auto& one : sources) roots.push_back({one.named, one.location});
  return roots;
}

Result<std::string> WriteCloneList(storage::ObjectStore& store, const std::string& clone_location,
                                   const std::vector<std::string>& paths) {
  const std::string list = ListDirectory(clone_location) + "/" + NewUuid() + ".txt";
  NL_RETURN_IF_ERROR(store.MakeDirectory(ListDirectory(clone_location)));
  std::string text;
  for (const std::string& path : paths) text += path + "\n";
  NL_RETURN_IF_ERROR(store.PutIfAbsent(list, text));
  return list;
}

Result<std::vector<std::string>> FindCloneLists(storage::ObjectStore& store, const std::string& clone_location) {
  const auto entries = store.List(ListDirectory(clone_location));
  if (!entries.has_value() && entries.error().code() == ErrorCode::kNotFound) return std::vector<std::string>();
  if (!entries.has_value()) return std::unexpected(entries.error());
  std::vector<std::string> lists;
  for (const auto& entry : *entries) {
    if (entry.path.ends_with(".txt")) lists.push_back(entry.path);
  }
  return lists;
}

Result<void> ReadCloneList(storage::ObjectStore& store, const std::string& list,
                           const std::function<Result<void>(std::string_view path)>& sink) {
  NL_ASSIGN_OR_RETURN(const auto info, store.Head(list));
  tables::delta::LogFileParts parts(store, list, info.size_bytes);
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto part, parts.Next());
    if (!part.has_value()) return {};
    for (std::string_view left = part->lines; !left.empty();) {
      const size_t end = std::min(left.find('\n'), left.size());
      if (end > 0) NL_RETURN_IF_ERROR(sink(left.substr(0, end)));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
}

Result<bool> NamesUnlistedFiles(storage::ObjectStore& store, const std::string& clone_location,
                                const tables::delta::CommitRequest& request) {
  const std::vector<std::string> named = tables::delta::ForeignPaths(request.adds);
  // Few, while the lists may have a million.
  std::unordered_set<std::string_view> unlisted(named.begin(), named.end());
  if (unlisted.empty()) return false;
  NL_ASSIGN_OR_RETURN(const auto lists, FindCloneLists(store, clone_location));
  for (const std::string& list : lists) {
    NL_RETURN_IF_ERROR(ReadCloneList(store, list, [&](std::string_view path) -> Result<void> {
      unlisted.erase(path);
      return {};
    }));
    if (unlisted.empty()) return false;
  }
  return true;
}

json::array EncodeRoots(const std::vector<ForeignRoot>& roots) {
  json::array array;
  for (const auto& root : roots) array.push_back({{"named", root.named}, {"location", root.location}});
  return array;
}

Result<std::vector<ForeignRoot>> DecodeRoots(const json::object& object) {
  std::vector<ForeignRoot> roots;
  const auto* member = object.if_contains("foreign_roots");
  if (member == nullptr || !member->is_array()) return BadMember("foreign_roots");
  for (const auto& value : member->get_array()) {
    if (!value.is_object()) return BadMember("foreign_roots");
    ForeignRoot root;
    NL_ASSIGN_OR_RETURN(root.named, StringMember(value.get_object(), "named"));
    NL_ASSIGN_OR_RETURN(root.location, StringMember(value.get_object(), "location"));
    roots.push_back(std::move(root));
  }
  return roots;
}

}  // namespace neurolake::query
