#pragma once
#include <cstdint>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::tables::delta {

/// Writes `<first>.<last>.compacted.json`, which says in one file what the commits from `first` to `last` say together.
/// Readers that know of it read one file instead of many; the commits stay. A file that is there already stays too.
/// Errors: kInvalidArgument for less than two commits; kNotFound if one of them is missing; kCorruption; the store's.
/// Source: PROTOCOL.md, "Log Compaction Files".
Result<void> CompactLog(const RequestContext& ctx, storage::ObjectStore& store, const std::string& table_path,
                        int64_t first, int64_t last);

}  // namespace neurolake::tables::delta
