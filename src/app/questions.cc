#include "app/questions.h"

#include "ask/service/catalog_models.h"
#include "server/mcp/ask_tools.h"

namespace neurolake::app {

Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, const query::OpenedLake& lake,
                                const Clock& clock) {
  Questions questions;
  auto& service = *lake.service;
  NL_ASSIGN_OR_RETURN(questions.models, ask::OpenModels(service.catalog(), settings.ask_models));
  NL_ASSIGN_OR_RETURN(questions.advisor,
                      ask::Advisor::Open(settings, program, *lake.store, service.catalog(), clock));
  questions.service = std::make_unique<ask::AskService>(service, *questions.models, clock);
  questions.service->UseAdvisor(questions.advisor.get());
  questions.door = std::make_unique<ask::AskDoor>(*questions.service, *questions.models, service, clock,
                                                  ask::AskDoor::OptionsFrom(settings));
  return questions;
}

void OfferQuestions(server::mcp::McpServer& mcp, const Questions& questions, const Settings& settings) {
  const server::mcp::AskToolLimits limits{.rows_max = settings.mcp_rows_max, .bytes_max = settings.mcp_bytes_max};
  for (auto& tool : server::mcp::NewAskTools(*questions.door, limits)) mcp.tools().Add(std::move(tool));
  mcp.AddResources(server::mcp::NewModelResources(*questions.door));
}

}  // namespace neurolake::app
