#pragma once
#include "ask/conversation/questions.h"
#include "server/mcp/mcp_server.h"

namespace neurolake::app {

/// Adds the tools and resources of questions.
void OfferQuestions(server::mcp::McpServer& mcp, const ask::Questions& questions, const Settings& settings);

}  // namespace neurolake::app
