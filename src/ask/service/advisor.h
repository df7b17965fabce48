#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/propose/proposer.h"
#include "ask/service/document_shelf.h"
#include "ask/service/query_runner.h"
#include "ask/service/visible_model.h"
#include "catalog/catalog.h"
#include "common/settings.h"
#include "metastore/database.h"
#include "models/prompt_cache.h"
#include "models/router.h"
#include "models/usage_store.h"

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
  /// What it works with; `router` is there, `embedder` may be null.
  struct Parts {
    std::unique_ptr<models::UsageStore> usage;
    std::unique_ptr<models::ModelRights> rights;
    std::unique_ptr<models::PromptCache> cache;
    std::unique_ptr<models::ModelRouter> router;
    std::unique_ptr<retrieval::Embedder> embedder;
  };
  /// Of the settings models.* and ask.*; `program` is this binary: the table of word embeddings is beside it, or there
  /// is none. Borrows all but the settings. Errors: kInvalidArgument naming the setting.
  static Result<std::unique_ptr<Advisor>> Open(const Settings& settings, const std::string& program,
                                               metastore::Store& store, catalog::Catalog& catalog, const Clock& clock);

  /// A model's reading. Errors: kCancelled, kDeadlineExceeded; those of the metadata store. All that a model can do
  /// wrong is a Proposal without an intent.
  Result<Proposal> Propose(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open) const;
  /// Whether a reading without doubts may be answered at once.
  bool MayAnswer() const { return options_.proposals == Proposals::kAnswer; }

  /// What documents say about `text`. Errors: as DocumentShelf::Find.
  Result<std::vector<Citation>> Cite(const RequestContext& ctx, QueryRunner& runner, const std::string& text) const {
    return shelf_.Find(ctx, runner, text);
  }

  /// Up to three questions that can be answered, nearest in meaning first; none where nothing is near.
  Result<std::vector<std::string>> Nearest(const RequestContext& ctx, const OpenQuestion& open) const;

 private:
  /// Borrows `tags`.
  Advisor(Parts parts, catalog::TagCatalog& tags, DocumentShelf shelf, Options options);

  const Parts parts_;
  catalog::TagCatalog& tags_;
  const DocumentShelf shelf_;
  const Options options_;
  const Proposer proposer_;
};

}  // namespace neurolake::ask
