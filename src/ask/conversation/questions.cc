#include "ask/conversation/questions.h"

#include "ask/service/catalog_models.h"
#include "catalog/ask_records.h"
#include "discovery/embeddings.h"

namespace neurolake::ask {
namespace {

/// How long a model of embeddings may take to load.
constexpr std::chrono::minutes kStartTimeout{2};

}  // namespace

Result<Questions> OpenQuestions(const Settings& settings, const std::string& program, query::StatementService& lake,
                                metastore::Store* store, const Clock& clock) {
  Questions questions;
  NL_ASSIGN_OR_RETURN(questions.models, OpenModels(lake.catalog(), settings.ask_models));
  const RequestContext start({}, "start", "start", clock, clock.SteadyNow() + kStartTimeout);
  NL_ASSIGN_OR_RETURN(questions.texts, discovery::OpenTexts(start, settings, program));
  if (store != nullptr) {
    catalog::AskRecords& records = lake.catalog().ask_records();
    questions.runs = std::make_unique<orchestration::RunStore>(
        *store, orchestration::Sealing{
                    .seal = [&records](const std::string& text,
                                       const std::string& about) { return records.SealText(text, about); },
                    .open = [&records](const std::string& sealed,
                                       const std::string& about) { return records.OpenText(sealed, about); }});
    NL_ASSIGN_OR_RETURN(questions.advisor, Advisor::Open(settings, questions.texts, *store, lake.catalog(), clock));
  }
  questions.service = std::make_unique<AskService>(lake, *questions.models, clock, questions.runs.get());
  NL_RETURN_IF_ERROR(questions.service->Recover());
  questions.service->UseAdvisor(questions.advisor.get());
  questions.door =
      std::make_unique<AskDoor>(*questions.service, *questions.models, lake, clock, AskDoor::OptionsFrom(settings));
  questions.door->UseTexts(questions.texts.get());
  return questions;
}

}  // namespace neurolake::ask
