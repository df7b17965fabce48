#include "ask/conversation/ask_door.h"

#include <boost/json.hpp>

#include "ask/conversation/internal/door_json.h"
#include "ask/conversation/move_times.h"
#include "ask/intent/intent_json.h"
#include "ask/service/asker.h"
#include "common/text.h"
#include "semantic/load.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr std::string_view kNewConversation = "new";
constexpr size_t kVersionsMax = 256;

json::object ToJson(const catalog::AskedQuestion& asked) {
  json::object object{
      {"id", asked.id},       {"question", asked.question},           {"status", asked.status},
      {"model", asked.model}, {"model_version", asked.model_version}, {"asked_at", FormatTimestamp(asked.asked)}};
  boost::system::error_code problem;
  if (!asked.intent.empty()) object["intent"] = json::parse(asked.intent, problem);
  return object;
}

}  // namespace

AskDoor::AskDoor(AskService& service, ModelSource& models, query::StatementService& statements, const Clock& clock,
                 Options options)
    : service_(service),
      models_(models),
      statements_(statements),
      records_(statements.catalog().ask_records()),
      clock_(clock),
      options_(options),
      verified_(&records_) {
  service_.UseMemory(&verified_);
}

AskDoor::~AskDoor() { service_.UseMemory(nullptr); }

std::string AskDoor::VersionOf(const std::shared_ptr<const semantic::SemanticModel>& model) {
  const std::scoped_lock lock(mutex_);
  auto& [known, version] = versions_[model->name];
  if (known != model) {
    known = model;
    version = Sha256Hex(semantic::SaveModel(*model)).substr(0, 16);
  }
  std::string result = version;
  if (versions_.size() > kVersionsMax) versions_.clear();
  return result;
}

/// Takes up what the conversation came to before.
Result<void> AskDoor::Resume(const RequestContext& ctx, AskBody& asked) {
  const std::string& conversation = asked.request.conversation;
  if (conversation.empty() || conversation == kNewConversation || !asked.run.empty()) return {};
  const std::string owner = catalog::AskOwner(ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto last, records_.LastUnderstood(owner, conversation));
  if (asked.intent.has_value() && asked.confirm.empty()) {
    // One that waits has the id that its question was kept under.
    NL_ASSIGN_OR_RETURN(const auto questions, records_.ReadConversation(owner, conversation));
    if (!questions.empty() && questions.back().status == StatusName(Status::kClarify)) asked.run = questions.back().id;
  }
  if (!last.has_value()) return {};
  if (asked.request.model.empty()) asked.request.model = last->model;
  const bool goes_on = !asked.request.previous.has_value() && !asked.intent.has_value();
  if (!goes_on || last->model != asked.request.model) return {};
  auto previous = DecodeIntent(last->intent);
  if (previous.has_value()) asked.request.previous = std::move(*previous);
  return {};
}

Result<KeptQuestion> AskDoor::Keep(const RequestContext& ctx, const AskRequest& request, const FoundModel& model,
                                   LocalTime today, const std::string& run, const Answer& answer) {
  if (request.conversation.empty() || options_.history_keep.count() == 0) return KeptQuestion{};
  const std::string owner = catalog::AskOwner(ctx.principal());
  catalog::AskedQuestion question{.id = run,
                                  .conversation_id = request.conversation,
                                  .question = request.question,
                                  .intent = answer.intent.has_value() ? EncodeIntent(*answer.intent) : "",
                                  .as_of = SqlTime(today),
                                  .status = std::string(StatusName(answer.status)),
                                  .model = model.model->name,
                                  .model_version = VersionOf(model.model),
                                  .follows = answer.is_follow_up,
                                  .asked = clock_.Now()};
  if (request.conversation == kNewConversation) {
    NL_ASSIGN_OR_RETURN(question.conversation_id, records_.BeginConversation(owner, clock_.Now()));
  }
  KeptQuestion kept{.id = "", .conversation = question.conversation_id};
  NL_ASSIGN_OR_RETURN(kept.id, records_.AddQuestion(owner, std::move(question)));
  return kept;
}

/// Goes on with the question that waits for this, or asks.
Result<Asked> AskDoor::AnsweredBy(const RequestContext& ctx, const AskBody& asked, const AskRequest& request) {
  if (!asked.confirm.empty()) {
    auto confirmed = service_.GoOn(ctx, request, asked.confirm, AskReply{.intent = asked.intent});
    if (confirmed.has_value() ||
        (confirmed.error().code() != ErrorCode::kNotFound && confirmed.error().code() != ErrorCode::kInvalidArgument)) {
      return confirmed;
    }
    return MakeError(ErrorCode::kInvalidArgument,
                     "the member \"confirm\" is not what came with this intent, or is too old");
  }
  if (!asked.run.empty() && asked.intent.has_value()) {
    auto chosen = service_.GoOn(ctx, request, asked.run, AskReply{.intent = asked.intent});
    // An intent may be none of the choices, and be asked all the same.
    if (chosen.has_value() ||
        (chosen.error().code() != ErrorCode::kNotFound && chosen.error().code() != ErrorCode::kInvalidArgument)) {
      return chosen;
    }
    return service_.Run(ctx, request, *asked.intent);
  }
  if (!asked.run.empty()) return service_.GoOn(ctx, request, asked.run, asked.reply);
  return asked.intent.has_value() ? service_.Run(ctx, request, *asked.intent) : service_.Ask(ctx, request);
}

Result<std::string> AskDoor::Answered(const RequestContext& ctx, const AskBody& asked, AskObserver* observer) {
  AskRequest request = asked.request;
  request.observer = observer;
  request.keeper = this;
  request.may_wait = true;
  request.read_only = ctx.door() == "mcp";
  request.confirm_bytes = options_.confirm_bytes;
  NL_ASSIGN_OR_RETURN(const auto answered, AnsweredBy(ctx, asked, request));
  return json::serialize(ToJson(answered, asked.trace));
}

Result<void> AskDoor::Cancel(const RequestContext& ctx, const std::string& run) { return service_.Cancel(ctx, run); }

Result<std::string> AskDoor::Ask(const RequestContext& caller, std::string_view body, AskObserver* observer) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(auto asked, ParseAskBody(body));
  NL_RETURN_IF_ERROR(Resume(ctx, asked));
  return Answered(ctx, asked, observer);
}

Result<std::string> AskDoor::ListConversations(const RequestContext& caller, int64_t limit) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto list, records_.ListConversations(catalog::AskOwner(ctx.principal()), limit));
  json::array conversations;
  for (const auto& one : list) {
    conversations.push_back(json::object{{"id", one.id},
                                         {"first_question", one.first_question},
                                         {"questions", one.questions},
                                         {"started_at", FormatTimestamp(one.started)},
                                         {"updated_at", FormatTimestamp(one.updated)}});
  }
  return json::serialize(json::object{{"conversations", std::move(conversations)}});
}

Result<std::string> AskDoor::ReadConversation(const RequestContext& caller, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto list, records_.ReadConversation(catalog::AskOwner(ctx.principal()), id));
  json::array questions;
  for (const auto& one : list) questions.push_back(ToJson(one));
  return json::serialize(json::object{{"id", id}, {"questions", std::move(questions)}});
}

Result<void> AskDoor::DeleteConversation(const RequestContext& caller, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  return records_.DeleteConversation(catalog::AskOwner(ctx.principal()), id);
}

}  // namespace neurolake::ask
