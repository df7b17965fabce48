#include "ask/service/advisor.h"

#include <algorithm>
#include <filesystem>

#include "ask/grammar/understand.h"
#include "ask/link/linker.h"
#include "ask/service/leaving.h"
#include "common/log.h"
#include "query/model_grants.h"
#include "retrieval/static_embedder.h"

namespace neurolake::ask {
namespace {

/// Below this a member is not what the question is about.
constexpr double kNearMin = 0.4;
constexpr size_t kNearMembersMax = 3;

bool Has(const semantic::SemanticModel& model, const Link& link) {
  switch (link.kind) {
    case LinkKind::kMetric: return semantic::FindMetric(model, link.name) != nullptr;
    case LinkKind::kEntity: return semantic::FindEntity(model, link.name) != nullptr;
    case LinkKind::kRole: return semantic::FindJoin(model, link.name) != nullptr;
    case LinkKind::kDimension:
    case LinkKind::kValue: {
      const auto* entity = semantic::FindEntity(model, link.field.entity);
      return entity != nullptr && semantic::FindDimension(*entity, link.field.name) != nullptr;
    }
  }
  NL_UNREACHABLE();
}

/// Whether words of the question may be about what of `all` is not in `rest`.
bool IsAboutKept(const std::string& question, const VisibleModel& all, const semantic::SemanticModel& rest) {
  const auto tokens = Tokenize(question);
  if (!tokens.has_value()) return true;
  const auto links = Linker(*all.model, all.values.get()).Find(*tokens);
  return std::any_of(links.begin(), links.end(), [&](const Link& link) { return !Has(rest, link); });
}

Result<std::unique_ptr<retrieval::Embedder>> OpenEmbedder(const std::string& program) {
  const auto path = std::filesystem::path(program).parent_path() / ".." / "share" / "neurolake" / "embeddings.nlembed";
  std::error_code problem;
  if (!std::filesystem::exists(path, problem)) return nullptr;
  NL_ASSIGN_OR_RETURN(auto embedder, retrieval::StaticEmbedder::Open(path.string()));
  return std::unique_ptr<retrieval::Embedder>(std::move(embedder));
}

Advisor::Proposals ProposalsOf(const std::string& name) {
  if (name == "confirm") return Advisor::Proposals::kConfirm;
  return name == "off" ? Advisor::Proposals::kOff : Advisor::Proposals::kAnswer;
}

}  // namespace

Advisor::Advisor(Parts parts, catalog::TagCatalog& tags, DocumentShelf shelf, Options options)
    : parts_(std::move(parts)),
      tags_(tags),
      shelf_(std::move(shelf)),
      options_(std::move(options)),
      proposer_(*parts_.router, options_.proposer) {}

Result<std::unique_ptr<Advisor>> Advisor::Open(const Settings& settings, const std::string& program,
                                               metastore::Store& store, catalog::Catalog& catalog, const Clock& clock) {
  Parts parts;
  parts.usage = std::make_unique<models::UsageStore>(store);
  parts.rights = std::make_unique<query::ModelGrants>(catalog);
  NL_ASSIGN_OR_RETURN(parts.cache, models::PromptCacheFrom(settings, store, clock));
  NL_ASSIGN_OR_RETURN(parts.router,
                      models::RouterFrom(settings, *parts.usage, parts.cache.get(), clock, *parts.rights));
  auto embedder = OpenEmbedder(program);
  if (embedder.has_value()) parts.embedder = std::move(*embedder);
  else Log(LogLevel::kWarn, "questions are compared by words alone", {}, {{"reason", embedder.error().message()}});
  NL_ASSIGN_OR_RETURN(auto shelf, DocumentShelf::Open(settings.ask_documents, parts.embedder.get()));
  Options options{.proposals = ProposalsOf(settings.ask_proposals),
                  .proposer = {.timeout = settings.ask_model_timeout}};
  return std::unique_ptr<Advisor>(new Advisor(std::move(parts), catalog, std::move(shelf), std::move(options)));
}

Result<Proposal> Advisor::Propose(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open) const {
  const models::RoutedModel* model = options_.proposals == Proposals::kOff ? nullptr : proposer_.Model();
  if (model == nullptr || !parts_.router->MayUse(ctx, options_.proposer.task)) return Proposal{};
  ProposalRequest request{.question = open.question,
                          .model = open.visible.model,
                          .values = open.visible.values,
                          .time = open.time,
                          .zone = open.zone};
  if (model->external) {
    NL_ASSIGN_OR_RETURN(request.model, WithoutKeptHere(ctx, runner, tags_, *open.visible.model));
    if (IsAboutKept(open.question, open.visible, *request.model))
      return Proposal{.reason = "no language model was asked, as the question is about what may not leave this lake"};
  }
  NL_ASSIGN_OR_RETURN(request.ranking, MemberRanking::Make(ctx, *request.model, parts_.embedder.get()));
  NL_ASSIGN_OR_RETURN(auto proposal, proposer_.Propose(ctx, request));
  // The question before it is not in what the model was told.
  if (open.follows && proposal.intent.has_value())
    proposal.doubts.push_back("it was read without the question before it");
  return proposal;
}

Result<std::vector<std::string>> Advisor::Nearest(const RequestContext& ctx, const OpenQuestion& open) const {
  std::vector<std::string> words;
  if (parts_.embedder == nullptr) return words;
  NL_ASSIGN_OR_RETURN(const auto ranking, MemberRanking::Make(ctx, *open.visible.model, parts_.embedder.get()));
  NL_ASSIGN_OR_RETURN(const auto ranked, ranking->Rank(ctx, open.question));
  for (const auto& member : ranked) {
    if (member.score < kNearMin || words.size() >= kNearMembersMax) break;
    for (const Token& token : TokenizeName(member.label)) words.push_back(token.word);
  }
  if (words.empty()) return words;
  return NearestQuestions(*open.visible.model, words);
}

}  // namespace neurolake::ask
