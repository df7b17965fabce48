#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "catalog/catalog.h"
#include "engine/duckdb/lake_provider.h"
#include "storage/object_store.h"
#include "tables/delta/commit.h"

namespace neurolake::query {

/// What the server knows of shallow clones (ADR 12). Where a clone's files may lie is in the metadata store; which of
/// the files there are the clone's is in lists that the server writes beside the clone's log when the clone is made:
/// docs/formats/shallow-clones.md.

/// A table as workers are told of it.
Result<engine::duckdb::TableEntry> EntryOf(catalog::Catalog& catalog, const catalog::TableRecord& record);

/// Notes that `clone` is made from `source`, and from what that is a shallow clone of. Returns where its files may lie.
Result<std::vector<tables::delta::ForeignRoot>> NoteCloneSources(catalog::Catalog& catalog, const TableId& clone,
                                                                 const catalog::TableRecord& source);

/// Writes the list of `paths`, as the clone's log spells them, and returns where it is.
Result<std::string> WriteCloneList(storage::ObjectStore& store, const std::string& clone_location,
                                   const std::vector<std::string>& paths);
/// Where the lists of a clone are.
Result<std::vector<std::string>> FindCloneLists(storage::ObjectStore& store, const std::string& clone_location);
/// Tells `sink` each path of a list, of which only a part is in memory. Errors: the store's, the sink's.
Result<void> ReadCloneList(storage::ObjectStore& store, const std::string& list,
                           const std::function<Result<void>(std::string_view path)>& sink);

/// Whether `request` names other files outside of the table than the lists of the clone do. A worker that may write to
/// the clone must not make it a way to read more of the source. Errors: of reading the lists.
Result<bool> NamesUnlistedFiles(storage::ObjectStore& store, const std::string& clone_location,
                                const tables::delta::CommitRequest& request);

/// Of `roots`, for messages.
boost::json::array EncodeRoots(const std::vector<tables::delta::ForeignRoot>& roots);
/// Of member "foreign_roots". Errors: kCorruption.
Result<std::vector<tables::delta::ForeignRoot>> DecodeRoots(const boost::json::object& object);

}  // namespace neurolake::query
