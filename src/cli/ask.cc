#include "cli/ask.h"

#include <boost/json.hpp>
#include <istream>

#include "cli/answer_table.h"
#include "cli/ask_records.h"
#include "cli/local_ask.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

std::string TextOf(const json::value& value) {
  if (value.is_null()) return "NULL";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());  // JSON's own way is 2.5E1.
  return json::serialize(value);
}

const json::array& ArrayOf(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const auto* value = object.if_contains(name);
  return value == nullptr || !value->is_array() ? kNone : value->get_array();
}

std::string Member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? "" : TextOf(*value);
}

class Conversation {
 public:
  /// `local` asks with a model that no lake has; null: the lake answers.
  Conversation(const AskArguments& ask, OutputFormat format, StatementRunner& runner, LocalAsk* local)
      : ask_(ask), format_(format), runner_(runner), local_(local), id_(ask.conversation) {
    // What is said line by line is one conversation.
    if (id_.empty() && ask.question.empty() && local_ == nullptr) id_ = "new";
  }

  /// False where there is no answer yet.
  Result<bool> Put(const std::string& line) {
    json::object body;
    if (line.starts_with('/')) return Say(line);
    if (const auto chosen = Chosen(line)) {
      body["intent"] = choices_[*chosen];
      if (!confirm_.empty()) body["confirm"] = confirm_;
    } else {
      body["question"] = line;
      // Where the server keeps the conversation it knows.
      if (previous_.has_value() && (id_.empty() || id_ == "new")) body["previous"] = *previous_;
    }
    return Put(std::move(body));
  }

 private:
  Result<bool> Put(json::object body) {
    if (!id_.empty()) body["conversation"] = id_;
    if (!ask_.model.empty() && local_ == nullptr) body["model"] = ask_.model;
    if (!ask_.schema.empty() && local_ == nullptr) body["schema"] = ask_.schema;
    if (!ask_.as_of.empty()) body["as_of"] = ask_.as_of;
    if (!runner_.options().time_zone.empty()) body["time_zone"] = runner_.options().time_zone;
    if (!ask_.purpose.empty()) body["purpose"] = ask_.purpose;
    NL_ASSIGN_OR_RETURN(const std::string text, Answered(json::serialize(body)));
    boost::system::error_code problem;
    const auto value = json::parse(text, problem);
    if (problem || !value.is_object()) return MakeError(ErrorCode::kInternal, "the answer is not a JSON object");
    const auto& answer = value.get_object();
    choices_.clear();
    confirm_ = Member(answer, "confirm");
    last_question_ = Member(answer, "id");
    if (answer.contains("conversation")) id_ = Member(answer, "conversation");
    for (const auto& choice : ArrayOf(answer, "choices")) choices_.push_back(choice.as_object().at("intent"));
    if (const auto* intent = answer.if_contains("intent")) previous_ = *intent;
    if (!confirm_.empty() && choices_.size() == 1 && ask_.yes && !body.contains("confirm")) {
      return Put({{"intent", choices_[0]}, {"confirm", confirm_}});
    }
    if (format_ == OutputFormat::kJson) {
      runner_.console().out << text << '\n';
    } else {
      NL_RETURN_IF_ERROR(Show(answer));
    }
    runner_.console().out.flush();
    return Member(answer, "status") == "answered";
  }

  /// On a terminal a line says meanwhile how far it is.
  Result<std::string> Answered(const std::string& body) {
    if (local_ != nullptr) return local_->Ask({}, body);
    Console& console = runner_.console();
    if (!console.err_is_terminal || format_ == OutputFormat::kJson) return runner_.client().Ask({}, body);
    auto answer = runner_.client().AskWatched({}, body, [&](std::string_view stage, std::string_view) {
      console.err << fmt::format("\r\x1B[K{} …", PrintableText(stage)) << std::flush;
    });
    console.err << "\r\x1B[K" << std::flush;
    return answer;
  }

  /// "/wrong without returns": what is said of the answer before.
  Result<bool> Say(const std::string& line) {
    const size_t space = line.find(' ');
    const std::string verdict = line.substr(1, space - 1);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (verdict != "correct" && verdict != "wrong" && (verdict != "means" || rest.empty())) {
      return MakeError(ErrorCode::kInvalidArgument, "known are /correct, /wrong [COMMENT] and /means OTHER WORDS");
    }
    if (last_question_.empty()) return MakeError(ErrorCode::kInvalidArgument, "there is no answer that was kept");
    json::object body{{"verdict", verdict == "means" ? "corrected" : verdict}};
    if (!rest.empty()) body[verdict == "means" ? "means" : "comment"] = rest;
    NL_RETURN_IF_ERROR(runner_.client().CallQuestions(
        {}, {.what = QuestionCall::What::kGiveFeedback, .id = last_question_, .body = json::serialize(body)}));
    runner_.console().out << "noted for review\n" << std::flush;
    return true;
  }

  /// A line that is the number of a choice just offered.
  std::optional<size_t> Chosen(const std::string& line) const {
    if (line.size() != 1 || line[0] < '1' || line[0] > '9') return std::nullopt;
    const auto index = static_cast<size_t>(line[0] - '1');
    return index < choices_.size() ? std::optional(index) : std::nullopt;
  }

  Result<void> Show(const json::object& answer) {
    std::ostream& out = runner_.console().out;
    const std::string status = Member(answer, "status");
    if (status == "answered") return ShowAnswer(answer);
    const std::string reason = PrintableText(Member(answer, "reason"));
    out << (reason.empty() ? "That can mean different things." : reason) << '\n';
    if (const auto* cost = answer.if_contains("cost"); cost != nullptr && !confirm_.empty()) {
      out << "predicted: " << PrintableText(json::serialize(*cost)) << "; 1 or --yes runs it\n";
    }
    size_t number = 0;
    for (const auto& choice : ArrayOf(answer, "choices")) {
      out << fmt::format("  {}  {}\n", ++number, PrintableText(Member(choice.as_object(), "words")));
    }
    ShowDocuments(answer);
    for (const auto& suggestion : ArrayOf(answer, "suggestions")) {
      out << fmt::format("  try: {}\n", PrintableText(TextOf(suggestion)));
    }
    return {};
  }

  void ShowDocuments(const json::object& answer) {
    for (const auto& one : ArrayOf(answer, "documents")) {
      const auto& document = one.as_object();
      const std::string section = Member(document, "section");
      runner_.console().out << fmt::format("from {}{}: “{}”\n", PrintableText(Member(document, "document")),
                                           section.empty() ? "" : ", " + PrintableText(section),
                                           PrintableText(Member(document, "text")));
    }
  }

  Result<void> ShowAnswer(const json::object& answer) {
    std::ostream& out = runner_.console().out;
    out << PrintableText(Member(answer, "answer")) << '\n';
    const json::array& columns = ArrayOf(answer, "columns");
    const json::array& rows = ArrayOf(answer, "rows");
    if (!columns.empty() && !(columns.size() == 1 && rows.size() == 1)) {
      NL_RETURN_IF_ERROR(PrintAnswerTable(columns, rows, format_, runner_.console()));
    }
    for (const auto& one : ArrayOf(answer, "assumptions")) {
      out << "assumed: " << PrintableText(Member(one.as_object(), "text")) << '\n';
    }
    ShowDocuments(answer);
    for (const auto& one : ArrayOf(answer, "notes")) out << "note: " << PrintableText(TextOf(one)) << '\n';
    if (ask_.show_sql) out << PrintableText(Member(answer, "sql")) << '\n';
    return {};
  }

  const AskArguments& ask_;
  const OutputFormat format_;
  StatementRunner& runner_;
  LocalAsk* const local_;
  std::optional<json::value> previous_ = std::nullopt;
  std::vector<json::value> choices_ = {};
  std::string id_;
  std::string confirm_ = {};
  std::string last_question_ = {};
};

/// What asks with a model that no lake has; null: the lake answers.
Result<std::unique_ptr<LocalAsk>> LocalOf(const AskArguments& ask, StatementRunner& runner, const Clock& clock) {
  const bool is_file = IsModelFile(ask.model);
  if (!ask.infer && !is_file) return nullptr;
  if (ask.infer && !ask.model.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "--infer drafts a model: it does not go with --model");
  }
  if (!ask.conversation.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "no conversation is kept with a model from a file or a draft");
  }
  return is_file ? AskWithFile(ask.model, runner, clock) : AskWithDraft(ask.schema, runner, clock);
}

}  // namespace

int RunAsk(const AskArguments& ask, OutputFormat format, StatementRunner& runner, std::istream& in,
           const Clock& clock) {
  if (const auto code = RunAskRecords(ask, format, runner)) return *code;
  const auto local = LocalOf(ask, runner, clock);
  if (!local) return runner.Report(local.error());
  Conversation conversation(ask, format, runner, local->get());
  if (!ask.question.empty()) {
    const auto answered = conversation.Put(ask.question);
    if (!answered) return runner.Report(answered.error());
    return *answered ? kExitOk : kExitFailed;
  }
  int code = kExitOk;
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto answered = conversation.Put(line);
    if (!answered) runner.Report(answered.error());
    if (!answered || !*answered) code = kExitFailed;
  }
  return code;
}

}  // namespace neurolake::cli
