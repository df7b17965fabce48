#pragma once
#include "common/request_context.h"
#include "tables/delta/internal/commit_body.h"

namespace neurolake::tables::delta::internal {

/// Protocol and metadata of the table at the request's read version: the request's own, else from the log's JSON.
/// Errors: kNotFound if the table is gone; kNotSupported if only a Parquet checkpoint has them.
Result<TableState> FindTableState(const RequestContext& ctx, storage::ObjectStore& store, const std::string& log_path,
                                  const CommitRequest& request);

}  // namespace neurolake::tables::delta::internal
