#pragma once
#include <cstdint>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"

namespace neurolake::tables::delta {

/// What a version of a table says of itself, without its files.
struct TableDefinition {
  Protocol protocol;
  Metadata metadata;
};

/// As the log has it, whatever a commit request says that it read: for who does not believe the request.
/// One read where the version has its checksum file, else one for each commit since both last changed.
/// Errors: kNotFound if the table is gone; kNotSupported if only a Parquet checkpoint has them; kCorruption.
Result<TableDefinition> FindTableDefinition(const RequestContext& ctx, storage::ObjectStore& store,
                                            const std::string& table_path, int64_t version);

}  // namespace neurolake::tables::delta
