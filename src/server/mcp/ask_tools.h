#pragma once
#include <memory>
#include <vector>

#include "server/mcp/resource_source.h"
#include "server/mcp/tool.h"

namespace neurolake::ask {
class AskDoor;
}

namespace neurolake::server::mcp {

struct AskToolLimits {
  int64_t rows_max = 1000;        ///< Of one answer.
  int64_t bytes_max = 1'048'576;  ///< Of the rows of one answer.
};

/// ask, list_metrics and query_metrics: docs/mcp.md. Borrow the door.
std::vector<std::unique_ptr<Tool>> NewAskTools(ask::AskDoor& door, const AskToolLimits& limits);

/// The semantic models that a principal may know of, as `model://name`, each as list_metrics shows it. Borrows the
/// door.
std::unique_ptr<ResourceSource> NewModelResources(ask::AskDoor& door);

}  // namespace neurolake::server::mcp
