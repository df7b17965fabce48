#include "cli/ask_records.h"

#include <boost/json.hpp>

#include "cli/text_table.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;
using What = QuestionCall::What;

std::optional<QuestionCall> CallOf(const AskArguments& ask) {
  if (ask.list_conversations) return QuestionCall{.what = What::kListConversations};
  if (!ask.show_conversation.empty()) return QuestionCall{.what = What::kReadConversation, .id = ask.show_conversation};
  if (!ask.delete_conversation.empty()) {
    return QuestionCall{.what = What::kDeleteConversation, .id = ask.delete_conversation};
  }
  if (ask.review) {
    return QuestionCall{.what = What::kListFeedback, .model = ask.model, .state = ask.state == "all" ? "" : ask.state};
  }
  json::object body;
  if (!ask.means.empty()) body["means"] = ask.means;
  if (!ask.feedback.empty()) {
    body["verdict"] = ask.feedback;
    if (!ask.correct_sql.empty()) body["sql"] = ask.correct_sql;
    if (!ask.comment.empty()) body["comment"] = ask.comment;
    return QuestionCall{.what = What::kGiveFeedback, .id = ask.about, .body = json::serialize(body)};
  }
  if (ask.approve.empty() && ask.reject.empty()) return std::nullopt;
  body["decision"] = ask.approve.empty() ? "reject" : "approve";
  return QuestionCall{.what = What::kDecideFeedback,
                      .id = ask.approve.empty() ? ask.reject : ask.approve,
                      .body = json::serialize(body)};
}

/// The members of each object of a list, as a table.
Result<void> ShowList(const json::object& answer, std::string_view list, const std::vector<std::string>& members,
                      OutputFormat format, Console& console) {
  std::vector<std::vector<std::string>> rows;
  const auto* value = answer.if_contains(list);
  if (value == nullptr || !value->is_array()) return MakeError(ErrorCode::kInternal, "the answer has no {}", list);
  for (const auto& one : value->get_array()) {
    auto& row = rows.emplace_back();
    for (const auto& name : members) {
      const auto* member = one.is_object() ? one.get_object().if_contains(name) : nullptr;
      row.push_back(member == nullptr || member->is_null() ? ""
                    : member->is_string()                  ? std::string(member->get_string())
                                                           : json::serialize(*member));
    }
  }
  return PrintTextTable(members, rows, format, console);
}

Result<void> Show(What what, const std::string& text, OutputFormat format, Console& console) {
  if (format == OutputFormat::kJson && !text.empty()) {
    console.out << text << '\n';
    return {};
  }
  boost::system::error_code problem;
  const auto value = json::parse(text.empty() ? "{}" : text, problem);
  if (problem || !value.is_object()) return MakeError(ErrorCode::kInternal, "the answer is not a JSON object");
  const auto& answer = value.get_object();
  switch (what) {
    case What::kListConversations:
      return ShowList(answer, "conversations", {"id", "updated_at", "questions", "first_question"}, format, console);
    case What::kReadConversation:
      return ShowList(answer, "questions", {"id", "asked_at", "status", "question"}, format, console);
    case What::kListFeedback:
      return ShowList(answer, "feedback",
                      {"id", "verdict", "state", "given_by", "question", "intent_words", "meant_words", "comment"},
                      format, console);
    case What::kDeleteConversation: console.out << "deleted\n"; return {};
    case What::kGiveFeedback: console.out << "noted for review\n"; return {};
    case What::kDecideFeedback: break;
  }
  const auto* state = answer.if_contains("state");
  console.out << (state != nullptr && state->is_string() ? std::string(state->get_string()) : "") << '\n';
  return {};
}

}  // namespace

std::optional<int> RunAskRecords(const AskArguments& ask, OutputFormat format, StatementRunner& runner) {
  const auto call = CallOf(ask);
  if (!call.has_value()) return std::nullopt;
  const auto answer = runner.client().CallQuestions({}, *call);
  if (!answer) return runner.Report(answer.error());
  const auto shown = Show(call->what, *answer, format, runner.console());
  runner.console().out.flush();
  return shown ? kExitOk : runner.Report(shown.error());
}

}  // namespace neurolake::cli
