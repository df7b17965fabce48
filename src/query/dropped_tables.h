#pragma once
#include "catalog/catalog.h"
#include "common/clock.h"
#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::query {

/// Makes final what was dropped before `before`: deletes the files of managed tables and forgets the names. A table at
/// a LOCATION keeps its files, which are not the lake's. A directory that cannot be deleted is tried again the next
/// time. Returns how many tables are gone for good.
Result<int64_t> PurgeDroppedTables(catalog::Catalog& catalog, storage::ObjectStore& store, WallTime before);

}  // namespace neurolake::query
