// What people say of answers, and who makes verified questions of it.
#include <boost/json.hpp>

#include "ask/compile/compile.h"
#include "ask/conversation/ask_door.h"
#include "ask/conversation/internal/door_json.h"
#include "ask/conversation/move_times.h"
#include "ask/intent/intent_json.h"
#include "ask/service/asker.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr size_t kCommentBytesMax = 10'000;
/// Of what there is more of, the oldest come first.
constexpr std::string_view kStates[] = {"", "open", "approved", "rejected"};

json::value ParsedIntent(const std::string& text) {
  boost::system::error_code problem;
  auto value = text.empty() ? json::value() : json::parse(text, problem);
  return problem ? json::value() : value;
}

json::object ToJson(const catalog::AskFeedback& feedback, const semantic::SemanticModel& model) {
  json::object object{{"id", feedback.id},
                      {"model", feedback.model},
                      {"verdict", feedback.verdict},
                      {"state", feedback.state},
                      {"given_by", feedback.given_by},
                      {"given_at", FormatTimestamp(feedback.given)},
                      {"question", feedback.question},
                      {"as_of", feedback.as_of},
                      {"intent", ParsedIntent(feedback.intent)},
                      {"meant", ParsedIntent(feedback.meant)},
                      {"comment", feedback.comment}};
  for (const auto& [name, text] :
       {std::pair("intent_words", &feedback.intent), std::pair("meant_words", &feedback.meant)}) {
    const auto intent = DecodeIntent(*text);
    if (!text->empty() && intent.has_value()) object[name] = Restate(*intent, model);
  }
  if (feedback.decided.has_value()) {
    object["decided_by"] = feedback.decided_by;
    object["decided_at"] = FormatTimestamp(*feedback.decided);
  }
  return object;
}

std::unexpected<Error> NoFeedback() { return MakeError(ErrorCode::kNotFound, "there is no such feedback"); }

}  // namespace

/// What a body says is right: an intent, or other words for it.
Result<Intent> AskDoor::MeantBy(const RequestContext& ctx, const json::object& body, const AskRequest& request) {
  NL_ASSIGN_OR_RETURN(auto intent, IntentMember(body, "intent"));
  NL_ASSIGN_OR_RETURN(const std::string means, TextMember(body, "means", AskRequest::kQuestionBytesMax));
  if (intent.has_value() == !means.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "what is meant is either an \"intent\", such as one of the choices, or \"means\", other words");
  }
  if (intent.has_value()) return std::move(*intent);
  AskRequest other = request;
  other.question = means;
  NL_ASSIGN_OR_RETURN(const auto asked, service_.Ask(ctx, other));
  const Answer& answer = asked.answer;
  if (answer.status == Status::kAnswered && answer.intent.has_value()) return *answer.intent;
  return MakeError(ErrorCode::kInvalidArgument, "the words of \"means\" have no one answer either: {}", answer.reason);
}

Result<std::string> AskDoor::GiveFeedback(const RequestContext& caller, const std::string& id, std::string_view body) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto object, ParseMembers(body, {"verdict", "intent", "means", "sql", "comment"}));
  NL_ASSIGN_OR_RETURN(const auto asked, records_.FindQuestion(catalog::AskOwner(ctx.principal()), id));
  catalog::AskFeedback feedback{.question_id = id,
                                .model = asked.model,
                                .state = "open",
                                .given_by = ctx.principal().name,
                                .given_by_id = catalog::AskOwner(ctx.principal()),
                                .given = clock_.Now(),
                                .question = asked.follows ? "" : asked.question,
                                .intent = asked.intent,
                                .as_of = asked.as_of};
  NL_ASSIGN_OR_RETURN(feedback.verdict, TextMember(object, "verdict"));
  NL_ASSIGN_OR_RETURN(const std::string sql, TextMember(object, "sql", kCommentBytesMax));
  NL_ASSIGN_OR_RETURN(feedback.comment, TextMember(object, "comment", kCommentBytesMax));
  if (!sql.empty()) feedback.comment += (feedback.comment.empty() ? "" : "\n") + ("SQL: " + sql);
  if (asked.follows) feedback.comment += (feedback.comment.empty() ? "" : "\n") + ("Follow-up: " + asked.question);
  const bool says_what = object.contains("intent") || object.contains("means");
  if (feedback.verdict != "correct" && feedback.verdict != "wrong" && feedback.verdict != "corrected") {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"verdict\" must be correct, wrong or corrected");
  }
  if (feedback.verdict != "corrected" && (says_what || !sql.empty())) {
    return MakeError(ErrorCode::kInvalidArgument, "\"intent\", \"means\" and \"sql\" go with the verdict corrected");
  }
  if (feedback.verdict == "corrected" && !says_what && sql.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the verdict corrected needs \"intent\", \"means\" or \"sql\"");
  }
  if (feedback.verdict == "correct") {
    if (asked.status != "answered" || asked.intent.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "there was no answer that could be correct");
    }
    feedback.meant = asked.intent;
  }
  if (says_what) {
    AskRequest request{
        .question = "", .model = asked.model, .zone = "", .purpose = "", .as_of = ParseSqlTime(asked.as_of)};
    request.read_only = ctx.door() == "mcp";
    NL_ASSIGN_OR_RETURN(const Intent meant, MeantBy(ctx, object, request));
    // What one may not know of one cannot correct to.
    NL_ASSIGN_OR_RETURN(const auto visible, service_.Visible(ctx, request));
    NL_RETURN_IF_ERROR(CompileIntent(meant, *visible.model));
    feedback.meant = EncodeIntent(Canonical(meant, *visible.model));
  }
  NL_ASSIGN_OR_RETURN(const std::string made, records_.AddFeedback(feedback));
  return json::serialize(json::object{{"id", made}, {"state", "open"}});
}

Result<std::string> AskDoor::ListFeedback(const RequestContext& caller, const std::string& model,
                                          const std::string& state, int64_t limit) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  if (std::ranges::find(kStates, state) == std::end(kStates)) {
    return MakeError(ErrorCode::kInvalidArgument, "the state must be open, approved or rejected");
  }
  NL_ASSIGN_OR_RETURN(const auto found, ChooseModel(ctx, models_, model, ""));
  const auto& whole = found.model;
  NL_RETURN_IF_ERROR(models_.CheckReview(ctx, whole->name));
  NL_ASSIGN_OR_RETURN(const auto list, records_.ListFeedback(whole->name, state, limit));
  json::array feedback;
  for (const auto& one : list) feedback.push_back(ToJson(one, *whole));
  return json::serialize(json::object{{"model", whole->name}, {"feedback", std::move(feedback)}});
}

/// Whether it can be a verified question. Errors: kInvalidArgument saying why not.
Result<void> AskDoor::CheckMeant(const RequestContext& ctx, const catalog::AskFeedback& feedback, const Intent& meant) {
  if (QuestionKey(feedback.question).empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a follow-up, or an intent without words, cannot be verified: ask it as a whole question");
  }
  NL_ASSIGN_OR_RETURN(const auto found, ChooseModel(ctx, models_, feedback.model, ""));
  const auto& whole = found.model;
  NL_RETURN_IF_ERROR(CompileIntent(meant, *whole));
  const TimeContext then{.now = ParseSqlTime(feedback.as_of).value_or(LocalTime{}), .calendar = whole->calendar};
  if (MoveTimes(feedback.question, meant, then, then).has_value()) return {};
  return MakeError(ErrorCode::kInvalidArgument,
                   "what is meant has a time that the question does not name, which nobody could move on");
}

Result<std::string> AskDoor::Decide(const RequestContext& caller, const std::string& id, std::string_view body) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto object, ParseMembers(body, {"decision", "intent", "means"}));
  NL_ASSIGN_OR_RETURN(const std::string decision, TextMember(object, "decision"));
  if (decision != "approve" && decision != "reject") {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"decision\" must be approve or reject");
  }
  NL_ASSIGN_OR_RETURN(const auto feedback, records_.FindFeedback(id));
  // Who may not review a model does not learn what there is to review.
  if (!feedback.has_value() || !ChooseModel(ctx, models_, feedback->model, "").has_value() ||
      !models_.CheckReview(ctx, feedback->model).has_value()) {
    return NoFeedback();
  }
  std::string meant = feedback->meant;
  if (decision == "approve") {
    if (object.contains("intent") || object.contains("means")) {
      const AskRequest request{
          .question = "", .model = feedback->model, .zone = "", .purpose = "", .as_of = ParseSqlTime(feedback->as_of)};
      NL_ASSIGN_OR_RETURN(const Intent said, MeantBy(ctx, object, request));
      meant = EncodeIntent(said);
    }
    if (meant.empty()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "nobody said what is meant: approve it with an \"intent\", or \"means\", other words");
    }
    NL_ASSIGN_OR_RETURN(const Intent intent, DecodeIntent(meant));
    NL_RETURN_IF_ERROR(CheckMeant(ctx, *feedback, intent));
  }
  const std::string state = decision == "approve" ? "approved" : "rejected";
  NL_RETURN_IF_ERROR(statements_.RecordChange(
      ctx, decision + "_question", {{"feedback", id}, {"model", feedback->model}, {"given_by", feedback->given_by}}));
  NL_RETURN_IF_ERROR(records_.DecideFeedback(id, state, meant, ctx.principal().name, clock_.Now()));
  return json::serialize(json::object{{"id", id}, {"state", state}});
}

}  // namespace neurolake::ask
