#include "app/questions.h"

#include "server/mcp/ask_tools.h"

namespace neurolake::app {

void OfferQuestions(server::mcp::McpServer& mcp, const ask::Questions& questions, const Settings& settings) {
  const server::mcp::AskToolLimits limits{.rows_max = settings.mcp_rows_max, .bytes_max = settings.mcp_bytes_max};
  for (auto& tool : server::mcp::NewAskTools(*questions.door, limits)) mcp.tools().Add(std::move(tool));
  mcp.AddResources(server::mcp::NewModelResources(*questions.door));
}

}  // namespace neurolake::app
