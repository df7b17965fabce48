#pragma once
#include <memory>
#include <string>

#include "ask/conversation/ask_door.h"
#include "ask/service/advisor.h"
#include "ask/service/ask_service.h"
#include "common/settings.h"
#include "query/service.h"

namespace neurolake::ask {

/// What answers questions in plain language: `door`, and what it borrows.
struct Questions {
  std::unique_ptr<ModelSource> models;
  std::unique_ptr<Advisor> advisor;  ///< Null without a store.
  std::unique_ptr<AskService> service;
  std::unique_ptr<AskDoor> door;
};

/// `program`: this binary, as Advisor::Open. `store`: the lake's, for what language models said; null: none is asked.
/// Borrows lake, store and clock. Errors: those of the models and the advisor.
Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, query::StatementService& lake,
                                metastore::Store* store, const Clock& clock);

}  // namespace neurolake::ask
