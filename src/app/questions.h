#pragma once
#include <memory>

#include "ask/conversation/ask_door.h"
#include "ask/service/advisor.h"
#include "ask/service/ask_service.h"
#include "common/settings.h"
#include "query/service.h"
#include "server/mcp/mcp_server.h"

namespace neurolake::app {

/// What answers questions in plain language.
struct Questions {
  std::unique_ptr<ask::ModelSource> models;
  std::unique_ptr<ask::Advisor> advisor;
  std::unique_ptr<ask::AskService> service;
  std::unique_ptr<ask::AskDoor> door;
};

/// `program`: this binary, as Advisor::Open. Borrows lake and clock. Errors: those of the models and the advisor.
Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, const query::OpenedLake& lake,
                                const Clock& clock);

/// Adds the tools and resources of questions.
void OfferQuestions(server::mcp::McpServer& mcp, const Questions& questions, const Settings& settings);

}  // namespace neurolake::app
