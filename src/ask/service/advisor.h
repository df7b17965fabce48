#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/grammar/understand.h"
#include "ask/propose/proposer.h"
#include "ask/service/document_shelf.h"
#include "ask/service/model_usage.h"
#include "ask/service/query_runner.h"
#include "ask/service/visible_model.h"
#include "catalog/catalog.h"
#include "common/settings.h"
#include "metastore/database.h"
#include "models/prompt_cache.h"
#include "models/router.h"
#include "models/usage_store.h"
#include "retrieval/text_index.h"

namespace neurolake::ask {

/// A question that the engine abstained from, or has several readings of.
struct OpenQuestion {
  const std::string& question;
  const VisibleModel& visible;
  const TimeContext& time;
  const std::string& zone;
  bool follows = false;  ///< It goes on with a question before, which no model is told.
};

/// What else can be said of an open question: a reading of a language model's, where one is configured, and the
/// questions nearest to it by meaning. It has no rights: what it learns of the lake comes through the runner that it is
/// given. Thread-safe.
class Advisor {
 public:
  enum class Proposals : uint8_t { kAnswer, kConfirm, kOff };
  struct Options {
    Proposals proposals = Proposals::kAnswer;
    ProposerOptions proposer = {};
  };
  /// What it works with; all are there.
  struct Parts {
    std::unique_ptr<models::UsageStore> usage;
    std::unique_ptr<models::ModelRights> rights;
    std::unique_ptr<models::PromptCache> cache;
    std::unique_ptr<models::ModelRouter> router;
    std::shared_ptr<retrieval::TextIndex> texts;
  };
  /// Of the settings models.* and ask.*. Borrows store, catalogue and clock. Errors: kInvalidArgument naming the
  /// setting.
  static Result<std::unique_ptr<Advisor>> Open(const Settings& settings, std::shared_ptr<retrieval::TextIndex> texts,
                                               metastore::Store& store, catalog::Catalog& catalog, const Clock& clock);

  /// A model's reading. Errors: kCancelled, kDeadlineExceeded; those of the metadata store. All that a model can do
  /// wrong is a Proposal without an intent.
  Result<Proposal> Propose(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open) const;
  /// What the request's calls since `began` took; nullopt where no model was to be asked. Errors: those of the store.
  Result<std::optional<ModelUsage>> Used(const RequestContext& ctx, WallTime began) const;
  /// Whether a reading without doubts may be answered at once.
  bool MayAnswer() const { return options_.proposals == Proposals::kAnswer; }

  /// What documents say about `text`. Errors: as DocumentShelf::Find.
  Result<std::vector<Citation>> Cite(const RequestContext& ctx, QueryRunner& runner, const std::string& text) const {
    return shelf_.Find(ctx, runner, text);
  }

  /// Up to three questions that can be answered, nearest in meaning first; none where nothing is near.
  Result<std::vector<std::string>> Nearest(const RequestContext& ctx, QueryRunner& runner,
                                           const OpenQuestion& open) const;

  /// Puts readings that the engine is equally sure of in the order of their nearness to the question. It decides
  /// nothing else: what is surer comes first, and what is asked back is asked back. Errors: kCancelled,
  /// kDeadlineExceeded.
  Result<void> BreakTies(const RequestContext& ctx, const OpenQuestion& open, std::vector<Reading>& readings) const;

 private:
  /// The entities of the model that cannot answer the question, by what the asker may know of their tables: those
  /// without a row, and those without one in the time that it names.
  Result<std::set<std::string>> CannotAnswer(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open,
                                             const semantic::SemanticModel& model) const;

  /// Borrows `tags`.
  Advisor(Parts parts, catalog::TagCatalog& tags, DocumentShelf shelf, Options options);

  const Parts parts_;
  catalog::TagCatalog& tags_;
  const DocumentShelf shelf_;
  const Options options_;
  const Proposer proposer_;
};

}  // namespace neurolake::ask
