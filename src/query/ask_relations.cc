// Questions in plain language and feedback on their answers, as relations.
#include "query/ask_relations.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "catalog/ask_records.h"
#include "common/text.h"
#include "query/semantic_models.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

/// Of which feedback the principal sees more than its own: as a reviewer (docs/ask.md, "Feedback").
Result<catalog::AskRecords::FeedbackOf> SeenBy(const RequestContext& ctx, catalog::Catalog& catalog) {
  const Principal& principal = ctx.principal();
  catalog::AskRecords::FeedbackOf seen{.given_by_id = catalog::AskOwner(principal)};
  // What is asked over other schemas is not for a token that has not them.
  if (principal.schemas.has_value()) return seen;
  if (principal.Has(Right::kManage)) {
    seen.everybody = true;
    return seen;
  }
  ModelAccess access(catalog, principal);
  NL_ASSIGN_OR_RETURN(const auto models, access.Usable());
  for (const auto& model : models) {
    if (access.MayChange(model)) seen.models.push_back(model.name);
  }
  return seen;
}

}  // namespace

Result<std::vector<std::string>> ReadAskQuestions(const RequestContext& ctx, catalog::Catalog& catalog, int64_t limit,
                                                  int64_t offset) {
  NL_ASSIGN_OR_RETURN(const auto questions,
                      catalog.ask_records().ListQuestions(catalog::AskOwner(ctx.principal()), limit, offset));
  std::vector<std::string> rows;
  for (const auto& q : questions) {
    rows.push_back(
        json::serialize(json::array{q.id, q.conversation_id, FormatTimestamp(q.asked), OrNull(q.question), q.status,
                                    q.model, q.model_version, q.follows, OrNull(q.as_of), OrNull(q.intent)}));
  }
  return rows;
}

Result<std::vector<std::string>> ReadAskFeedback(const RequestContext& ctx, catalog::Catalog& catalog, int64_t limit,
                                                 int64_t offset) {
  NL_ASSIGN_OR_RETURN(const auto seen, SeenBy(ctx, catalog));
  NL_ASSIGN_OR_RETURN(const auto feedback, catalog.ask_records().ListFeedbackOf(seen, limit, offset));
  std::vector<std::string> rows;
  for (const auto& f : feedback) {
    rows.push_back(json::serialize(json::array{
        f.id, f.question_id, f.model, f.verdict, f.state, f.given_by, FormatTimestamp(f.given), OrNull(f.question),
        OrNull(f.as_of), OrNull(f.intent), OrNull(f.meant), OrNull(f.comment), OrNull(f.decided_by),
        f.decided.has_value() ? json::value(FormatTimestamp(*f.decided)) : json::value(nullptr)}));
  }
  return rows;
}

}  // namespace neurolake::query
