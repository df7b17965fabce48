#include "ask/conversation/questions.h"

#include "ask/service/catalog_models.h"

namespace neurolake::ask {

Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, query::StatementService& lake,
                                metastore::Store* store, const Clock& clock) {
  Questions questions;
  NL_ASSIGN_OR_RETURN(questions.models, OpenModels(lake.catalog(), settings.ask_models));
  if (store != nullptr) {
    NL_ASSIGN_OR_RETURN(questions.advisor, Advisor::Open(settings, program, *store, lake.catalog(), clock));
  }
  questions.service = std::make_unique<AskService>(lake, *questions.models, clock);
  questions.service->UseAdvisor(questions.advisor.get());
  questions.door =
      std::make_unique<AskDoor>(*questions.service, *questions.models, lake, clock, AskDoor::OptionsFrom(settings));
  return questions;
}

}  // namespace neurolake::ask
