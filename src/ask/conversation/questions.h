#pragma once
#include <memory>
#include <string>

#include "ask/conversation/ask_door.h"
#include "ask/service/advisor.h"
#include "ask/service/ask_service.h"
#include "common/settings.h"
#include "orchestration/run_store.h"
#include "query/service.h"
#include "retrieval/text_index.h"

namespace neurolake::ask {

/// What answers questions in plain language: `door`, and what it borrows.
struct Questions {
  std::unique_ptr<ModelSource> models;
  std::shared_ptr<retrieval::TextIndex> texts;    ///< What finds texts for who asks, for other doors too.
  std::unique_ptr<Advisor> advisor;               ///< Null without a store.
  std::unique_ptr<orchestration::RunStore> runs;  ///< Of questions that wait; null without a store.
  std::unique_ptr<AskService> service;
  std::unique_ptr<AskDoor> door;
};

/// `program`: this binary, as discovery::OpenTexts. `store`: the lake's, for what language models said, and questions
/// that wait; null: none is asked, none waits. Borrows lake, store and clock, and takes it that this process has the
/// lake to itself. Errors: those of the models and the advisor.
Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, query::StatementService& lake,
                                metastore::Store* store, const Clock& clock);

}  // namespace neurolake::ask
