#pragma once
#include <memory>

#include "query/service.h"
#include "retrieval/text_index.h"
#include "server/mcp/internal/rows.h"
#include "server/mcp/tool.h"

namespace neurolake::server::mcp {

struct ToolLimits {
  RowLimits rows;
  std::chrono::milliseconds timeout{600'000};  ///< The most a call may ask for, and what it gets if it does not.
};

// All of them borrow the service.
/// `texts` may be null.
std::unique_ptr<Tool> NewSearchCatalog(query::StatementService& service, std::shared_ptr<retrieval::TextIndex> texts);
std::unique_ptr<Tool> NewDescribeTable(query::StatementService& service, const ToolLimits& limits);
std::unique_ptr<Tool> NewRunSql(query::StatementService& service, const ToolLimits& limits);
std::unique_ptr<Tool> NewPredictCost(query::StatementService& service, const ToolLimits& limits);

/// What describe_table answers, as JSON. Errors: kNotFound, kSchemaNotFound; those of the pipeline.
Result<std::string> DescribeTable(query::StatementService& service, const RequestContext& ctx,
                                  const std::string& schema, const std::string& table, const ToolLimits& limits);

}  // namespace neurolake::server::mcp
