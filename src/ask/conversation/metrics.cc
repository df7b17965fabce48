// Models and queries by name, for programs.
#include <boost/json.hpp>

#include "ask/compile/compile.h"
#include "ask/conversation/ask_door.h"
#include "ask/conversation/internal/door_json.h"
#include "ask/conversation/internal/metric_query.h"
#include "ask/service/asker.h"

namespace neurolake::ask {

namespace json = boost::json;

Result<std::string> AskDoor::ListModels(const RequestContext& caller) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto entries, models_.List(ctx));
  json::array models;
  for (const ModelEntry& entry : entries) {
    models.push_back(json::object{{"name", entry.name},
                                  {"schema", entry.schema.empty() ? json::value() : json::value(entry.schema)},
                                  {"label", entry.label},
                                  {"description", entry.description}});
  }
  return json::serialize(json::object{{"models", std::move(models)}});
}

Result<std::string> AskDoor::ListMetrics(const RequestContext& caller, const std::string& model,
                                         const std::string& purpose) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  std::vector<std::string> names{model};
  if (model.empty()) {
    NL_ASSIGN_OR_RETURN(names, models_.Names(ctx));
  }
  json::array models;
  for (const auto& name : names) {
    AskRequest request{.question = "", .model = name, .zone = "", .purpose = purpose};
    request.read_only = ctx.door() == "mcp";
    NL_ASSIGN_OR_RETURN(const auto visible, service_.Visible(ctx, request));
    // A model of which nothing may be known is as none.
    if (visible.model->entities.empty() && visible.model->metrics.empty()) continue;
    models.push_back(DescribeModel(*visible.model));
  }
  if (models.empty() && !model.empty()) return MakeError(ErrorCode::kNotFound, "there is no semantic model {}", model);
  return json::serialize(json::object{{"models", std::move(models)}});
}

Result<std::string> AskDoor::QueryMetrics(const RequestContext& caller, std::string_view body) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto query, ParseMembers(body, {"model", "metrics", "dimensions", "filters", "time", "rank",
                                                            "limit", "purpose", "time_zone", "confirm"}));
  AskBody asked;
  NL_ASSIGN_OR_RETURN(asked.request.model, TextMember(query, "model"));
  NL_ASSIGN_OR_RETURN(asked.request.purpose, TextMember(query, "purpose"));
  NL_ASSIGN_OR_RETURN(asked.request.zone, TextMember(query, "time_zone"));
  NL_ASSIGN_OR_RETURN(asked.confirm, TextMember(query, "confirm"));
  asked.request.read_only = ctx.door() == "mcp";
  NL_ASSIGN_OR_RETURN(const auto visible, service_.Visible(ctx, asked.request));
  NL_ASSIGN_OR_RETURN(asked.intent, MetricQuery(query, *visible.model));
  // A program is told what is wrong with its query as an error, not as an answer.
  NL_RETURN_IF_ERROR(CompileIntent(*asked.intent, *visible.model));
  return Answered(ctx, asked, nullptr);
}

}  // namespace neurolake::ask
