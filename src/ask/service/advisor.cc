#include "ask/service/advisor.h"

#include <algorithm>

#include "ask/grammar/understand.h"
#include "ask/link/linker.h"
#include "ask/service/leaving.h"
#include "common/text.h"
#include "discovery/lake_cards.h"
#include "query/model_grants.h"

namespace neurolake::ask {
namespace {

/// Below this a member is not what the question is about.
constexpr double kNearMin = 0.4;
constexpr size_t kNearMembersMax = 3;
/// Of the relations that say what tables there are.
constexpr size_t kCardRowsMax = 200'000;

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

/// A day more on either side: the question's times are of its zone, a table's may be of another.
constexpr std::chrono::days kZones{1};

/// From the first to the last time that the question names; nullopt: none, or one without an end.
std::optional<retrieval::TimeSpan> SpanOf(const std::string& question, const TimeContext& time) {
  const auto tokens = Tokenize(question);
  if (!tokens.has_value()) return std::nullopt;
  std::optional<retrieval::TimeSpan> span;
  std::vector<std::string> problems;
  for (size_t at = 0; at < tokens->size(); ++at) {
    size_t longest = 0;
    for (const TimePhrase& phrase : ParseTime(std::span(*tokens).subspan(at), time, problems)) {
      longest = std::max(longest, phrase.tokens);
      if (!phrase.range.from.has_value() || !phrase.range.to.has_value()) return std::nullopt;
      const WallTime from = WallTime(phrase.range.from->time_since_epoch()) - kZones;
      const WallTime until = WallTime(phrase.range.to->time_since_epoch()) + kZones;
      if (!span.has_value()) span = {from, until};
      span = {std::min(span->from, from), std::max(span->until, until)};
    }
    if (longest > 1) at += longest - 1;
  }
  return span;
}

Result<std::vector<discovery::LakeCard>> ReadCards(const RequestContext& ctx, QueryRunner& runner) {
  discovery::LakeCards cards;
  const auto read = runner.Run(ctx, std::string(discovery::LakeCards::kSql), kCardRowsMax);
  if (!read.has_value()) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    return cards.Take();
  }
  for (const auto& row : read->rows) {
    std::vector<std::string> texts;
    for (const Cell& cell : row) {
      const auto* text = std::get_if<std::string>(&cell);
      texts.push_back(text == nullptr ? "" : *text);
    }
    NL_RETURN_IF_ERROR(cards.Add(texts));
  }
  return cards.Take();
}

bool IsOf(const semantic::Entity& entity, const discovery::LakeCard& card) {
  if (entity.table.empty() || !EqualsIgnoringCase(entity.table.back(), card.name)) return false;
  return EqualsIgnoringCase(entity.table.size() > 1 ? entity.table[entity.table.size() - 2] : "main", card.schema);
}

/// Of what a reading is about, as texts are compared.
std::string TextOf(const Reading& reading, const semantic::SemanticModel& model) {
  std::string text = reading.text;
  const auto add = [&](const semantic::Described* one) {
    if (one == nullptr) return;
    for (const std::string& synonym : one->synonyms) text += "\n" + synonym;
    if (!one->description.empty()) text += "\n" + one->description;
  };
  for (const auto& use : reading.intent.metrics) add(semantic::FindMetric(model, use.metric));
  for (const auto& use : reading.intent.dimensions) {
    const auto* entity = semantic::FindEntity(model, use.field.entity);
    if (entity != nullptr) add(semantic::FindDimension(*entity, use.field.name));
  }
  return text;
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

Result<std::unique_ptr<Advisor>> Advisor::Open(const Settings& settings, std::shared_ptr<retrieval::TextIndex> texts,
                                               metastore::Store& store, catalog::Catalog& catalog, const Clock& clock) {
  Parts parts;
  parts.usage = std::make_unique<models::UsageStore>(store);
  parts.rights = std::make_unique<query::ModelGrants>(catalog);
  NL_ASSIGN_OR_RETURN(parts.cache, models::PromptCacheFrom(settings, store, clock));
  NL_ASSIGN_OR_RETURN(parts.router,
                      models::RouterFrom(settings, *parts.usage, parts.cache.get(), clock, *parts.rights));
  parts.texts = std::move(texts);
  NL_ASSIGN_OR_RETURN(auto shelf, DocumentShelf::Open(settings.ask_documents, *parts.texts));
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
  NL_ASSIGN_OR_RETURN(const auto behind, CannotAnswer(ctx, runner, open, *request.model));
  request.ranking = MemberRanking::Make(*request.model, parts_.texts.get(), behind);
  NL_ASSIGN_OR_RETURN(auto proposal, proposer_.Propose(ctx, request));
  // The question before it is not in what the model was told.
  if (open.follows && proposal.intent.has_value())
    proposal.doubts.push_back("it was read without the question before it");
  return proposal;
}

Result<std::set<std::string>> Advisor::CannotAnswer(const RequestContext& ctx, QueryRunner& runner,
                                                    const OpenQuestion& open,
                                                    const semantic::SemanticModel& model) const {
  NL_ASSIGN_OR_RETURN(const auto cards, ReadCards(ctx, runner));
  const auto picked = discovery::Picked(cards, {.time = SpanOf(open.question, open.time), .rows_min = 1});
  std::set<std::string> cannot;
  for (const auto& entity : model.entities) {
    const bool known = std::ranges::any_of(cards, [&](const auto& card) { return IsOf(entity, card); });
    const bool can = std::ranges::any_of(picked, [&](const auto* card) { return IsOf(entity, *card); });
    if (known && !can) cannot.insert(entity.name);
  }
  return cannot;
}

Result<void> Advisor::BreakTies(const RequestContext& ctx, const OpenQuestion& open,
                                std::vector<Reading>& readings) const {
  const auto tied = [](const Reading& a, const Reading& b) { return a.confidence == b.confidence; };
  if (std::ranges::adjacent_find(readings, tied) == readings.end()) return {};
  // What readings say holds values, which can be erased: nothing of it gets onto the disk.
  retrieval::TextGroup group{.name = "readings", .texts = {}};
  for (const Reading& reading : readings) group.texts.push_back(TextOf(reading, *open.visible.model));
  const auto hits = parts_.texts->Rank(ctx, {.groups = std::span(&group, 1), .text = open.question, .lasting = false});
  if (!hits.has_value()) return ctx.CheckAlive();
  std::vector<std::pair<double, Reading>> scored;
  for (Reading& reading : readings) scored.emplace_back(0, std::move(reading));
  for (const auto& hit : *hits) scored[hit.index].first = hit.Score();
  std::ranges::stable_sort(scored, [](const auto& a, const auto& b) {
    return a.second.confidence != b.second.confidence ? a.second.confidence > b.second.confidence : a.first > b.first;
  });
  for (size_t at = 0; at < readings.size(); ++at) readings[at] = std::move(scored[at].second);
  return {};
}

Result<std::optional<ModelUsage>> Advisor::Used(const RequestContext& ctx, WallTime began) const {
  if (options_.proposals == Proposals::kOff || proposer_.Model() == nullptr) return std::nullopt;
  constexpr int64_t kLooked = 100;  // Of one principal's calls beside each other.
  NL_ASSIGN_OR_RETURN(const auto calls, parts_.usage->Calls(ctx.principal().id, kLooked));
  std::optional<ModelUsage> used;
  for (const auto& call : calls) {
    // Records are to the microsecond.
    const bool is_of_it = call.request_id == ctx.request_id() && call.task == options_.proposer.task &&
                          call.started >= std::chrono::floor<std::chrono::microseconds>(began);
    if (!is_of_it) continue;
    if (!used.has_value()) used.emplace();
    if (call.outcome == "cached") continue;
    ++used->calls;
    used->input_tokens += call.input_tokens;
    used->output_tokens += call.output_tokens;
    used->cost_nanodollars += call.cost_nanodollars;
  }
  return used;
}

Result<std::vector<std::string>> Advisor::Nearest(const RequestContext& ctx, QueryRunner& runner,
                                                  const OpenQuestion& open) const {
  std::vector<std::string> words;
  if (!parts_.texts->has_meaning()) return words;
  NL_ASSIGN_OR_RETURN(const auto behind, CannotAnswer(ctx, runner, open, *open.visible.model));
  const auto ranking = MemberRanking::Make(*open.visible.model, parts_.texts.get(), behind);
  NL_ASSIGN_OR_RETURN(const auto ranked, ranking->Rank(ctx, open.question));
  size_t weight = kNearMembersMax;  // The nearer one is, the more its words count.
  for (const auto& member : ranked) {
    if (weight == 0) break;
    if (member.score < kNearMin) continue;  // Nearer ones may stand behind, as their tables cannot answer.
    for (const Token& token : TokenizeName(member.label)) words.insert(words.end(), weight, token.word);
    --weight;
  }
  if (words.empty()) return words;
  return NearestQuestions(*open.visible.model, words);
}

}  // namespace neurolake::ask
