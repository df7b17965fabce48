#include "cli/eval.h"

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>

#include "arrow/text_format.h"
#include "cli/client_commands.h"
#include "cli/eval_score.h"
#include "cli/text_table.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

struct Question {
  std::string id;
  std::string kind;  ///< Its class, for the report.
  std::string text;
  std::string as_of;
  std::string follows;
  std::string expect;
  std::vector<std::string> gold;
};

enum class Outcome : uint8_t {
  kRight,        ///< Answered as a gold query does; or refused, or asked back, where that was right.
  kNotAnswered,  ///< Refused or asked back where an answer was expected.
  kWrong,        ///< Another answer than any gold query's, or one where none was to be given.
};

struct Scored {
  const Question* question = nullptr;
  Outcome outcome = Outcome::kNotAnswered;
  bool was_answered = false;
  double milliseconds = 0;
  std::string said;
};

std::string Member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

Result<Question> ParseQuestion(const std::string& line, size_t number) {
  boost::system::error_code problem;
  const auto value = json::parse(line, problem);
  if (problem || !value.is_object())
    return MakeError(ErrorCode::kInvalidArgument, "line {} is not a JSON object", number);
  const auto& object = value.get_object();
  Question question{.id = Member(object, "id"),
                    .kind = Member(object, "class"),
                    .text = Member(object, "question"),
                    .as_of = Member(object, "as_of"),
                    .follows = Member(object, "follows"),
                    .expect = Member(object, "expect"),
                    .gold = {}};
  if (const auto* gold = object.if_contains("gold_sql")) {
    if (gold->is_string()) question.gold.emplace_back(gold->get_string());
    if (gold->is_array()) {
      for (const auto& one : gold->get_array())
        question.gold.push_back(one.is_string() ? std::string(one.get_string()) : "");
    }
  }
  const bool is_known = question.expect == "answer" || question.expect == "clarify" || question.expect == "refuse";
  if (question.id.empty() || question.text.empty() || !is_known) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "line {} must have \"id\", \"question\" and \"expect\" (answer, clarify or refuse)", number);
  }
  return question;
}

TextRows RowsOf(const json::object& answer) {
  TextRows rows;
  const auto* array = answer.if_contains("rows");
  if (array == nullptr || !array->is_array()) return rows;
  for (const auto& row : array->get_array()) {
    auto& cells = rows.emplace_back();
    for (const auto& cell : row.get_array()) {
      if (cell.is_null()) cells.push_back(std::nullopt);
      else cells.push_back(cell.is_string() ? std::string(cell.get_string()) : json::serialize(cell));
    }
  }
  return rows;
}

class Evaluation {
 public:
  Evaluation(const EvalArguments& eval, StatementRunner& runner, const Clock& clock)
      : eval_(eval), runner_(runner), clock_(clock) {}

  Result<Scored> Score(const Question& question) {
    json::object body{{"question", question.text}};
    if (!question.as_of.empty()) body["as_of"] = question.as_of;
    if (!eval_.model.empty()) body["model"] = eval_.model;
    if (const auto before = intents_.find(question.follows); before != intents_.end())
      body["previous"] = before->second;
    const auto begin = clock_.SteadyNow();
    NL_ASSIGN_OR_RETURN(const std::string text, runner_.client().Ask({}, json::serialize(body)));
    Scored scored{.question = &question};
    scored.milliseconds = std::chrono::duration<double, std::milli>(clock_.SteadyNow() - begin).count();
    const auto value = json::parse(text);
    const auto& answer = value.as_object();
    scored.was_answered = Member(answer, "status") == "answered";
    // What was not answered is nothing to go on from.
    const auto* intent = answer.if_contains("intent");
    if (intent != nullptr && scored.was_answered) intents_[question.id] = *intent;
    scored.said = scored.was_answered ? Member(answer, "answer") : Member(answer, "reason");
    if (!scored.was_answered) {
      scored.outcome = question.expect == "answer" ? Outcome::kNotAnswered : Outcome::kRight;
      return scored;
    }
    const auto* assumptions = answer.if_contains("assumptions");
    const bool is_assumed = assumptions != nullptr && assumptions->is_array() && !assumptions->get_array().empty();
    NL_ASSIGN_OR_RETURN(const bool is_gold, MatchesGold(question, RowsOf(answer)));
    // Where one had better ask back, a stated reading that is among the good ones is not silent.
    const bool is_right = question.expect == "answer" ? is_gold || question.gold.empty() : is_gold && is_assumed;
    scored.outcome = is_right ? Outcome::kRight : Outcome::kWrong;
    return scored;
  }

 private:
  Result<bool> MatchesGold(const Question& question, const TextRows& rows) {
    for (const auto& query : question.gold) {
      ClientStatement statement{.sql = query, .schema = eval_.schema, .time_zone = runner_.options().time_zone};
      NL_ASSIGN_OR_RETURN(auto stream, runner_.client().Execute({}, std::move(statement)));
      NL_ASSIGN_OR_RETURN(const auto gold, ReadRows(*stream));
      if (SaysTheSame(gold, rows)) return true;
    }
    return false;
  }

  static Result<TextRows> ReadRows(query::ResultStream& stream) {
    NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream.schema()));
    TextRows rows;
    while (true) {
      NL_ASSIGN_OR_RETURN(auto batch, stream.Next());
      if (!batch.has_value()) return rows;
      NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
      for (int64_t row = 0; row < batch->row_count(); ++row) {
        auto& cells = rows.emplace_back();
        for (size_t column = 0; column < formatter.column_names().size(); ++column) {
          std::string text;
          const bool is_known = formatter.AppendText(row, static_cast<int64_t>(column), text);
          cells.push_back(is_known ? std::optional(text) : std::nullopt);
        }
      }
    }
  }

  const EvalArguments& eval_;
  StatementRunner& runner_;
  const Clock& clock_;
  std::map<std::string, json::value> intents_;
};

struct Sums {
  size_t questions = 0, to_answer = 0, answered_right = 0, answered = 0, wrong = 0, to_refuse = 0, refused_right = 0;

  void Add(const Scored& scored) {
    ++questions;
    const bool is_to_answer = scored.question->expect == "answer";
    const bool is_right = scored.outcome == Outcome::kRight;
    to_answer += is_to_answer ? 1 : 0;
    to_refuse += is_to_answer ? 0 : 1;
    answered += is_to_answer && scored.was_answered ? 1 : 0;
    answered_right += is_to_answer && scored.was_answered && is_right ? 1 : 0;
    refused_right += !is_to_answer && is_right ? 1 : 0;
    wrong += scored.outcome == Outcome::kWrong ? 1 : 0;
  }
  double accuracy() const {
    return answered == 0 ? 1 : static_cast<double>(answered_right) / static_cast<double>(answered);
  }
  double coverage() const {
    return to_answer == 0 ? 1 : static_cast<double>(answered) / static_cast<double>(to_answer);
  }
  double silently_wrong() const {
    return questions == 0 ? 0 : static_cast<double>(wrong) / static_cast<double>(questions);
  }
  double refusals() const {
    return to_refuse == 0 ? 1 : static_cast<double>(refused_right) / static_cast<double>(to_refuse);
  }
};

std::vector<std::string> Line(const std::string& name, const Sums& sums) {
  const auto percent = [](double share) { return fmt::format("{:.1f} %", share * 100); };
  return {name,
          std::to_string(sums.questions),
          percent(sums.accuracy()),
          percent(sums.coverage()),
          percent(sums.silently_wrong()),
          percent(sums.refusals())};
}

/// A fixed half, so that what is measured is not what was worked on: docs/ask.md, "Measuring".
bool IsIn(const std::string& split, const std::string& id) {
  if (split == "all") return true;
  const std::string digest = Sha256Hex(id);
  const bool is_odd = std::string_view("13579bdf").find(digest.back()) != std::string_view::npos;
  return is_odd == (split == "held-back");
}

Result<std::vector<Question>> ReadQuestions(const EvalArguments& eval) {
  NL_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(eval.questions, std::cin));
  std::vector<Question> questions;
  size_t number = 0;
  for (const auto& line : Split(text, '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    NL_ASSIGN_OR_RETURN(auto question, ParseQuestion(line, number));
    questions.push_back(std::move(question));
  }
  return questions;
}

}  // namespace

int RunEval(const EvalArguments& eval, OutputFormat format, StatementRunner& runner, const Clock& clock) {
  const auto questions = ReadQuestions(eval);
  if (!questions) return runner.Report(questions.error());
  Evaluation evaluation(eval, runner, clock);
  Sums all;
  std::map<std::string, Sums> by_kind;
  std::vector<double> times;
  for (const auto& question : *questions) {
    // One outside the split is asked all the same: it may be what others follow.
    const auto scored = evaluation.Score(question);
    if (!scored) return runner.Report(scored.error());
    if (!IsIn(eval.split, question.id)) continue;
    all.Add(*scored);
    by_kind[question.kind.empty() ? "(none)" : question.kind].Add(*scored);
    times.push_back(scored->milliseconds);
    const bool is_shown = eval.show == "all" || (eval.show == "wrong" && scored->outcome == Outcome::kWrong) ||
                          (eval.show == "missed" && scored->outcome != Outcome::kRight);
    if (is_shown) {
      static constexpr const char* kNames[] = {"right", "not answered", "WRONG"};
      runner.console().err << fmt::format("{:<13}{}  {}\n             {}\n",
                                          kNames[static_cast<size_t>(scored->outcome)], question.id,
                                          PrintableText(question.text), PrintableText(scored->said));
    }
  }
  std::sort(times.begin(), times.end());
  std::vector<std::vector<std::string>> lines;
  for (const auto& [kind, sums] : by_kind) lines.push_back(Line(kind, sums));
  lines.push_back(Line("all", all));
  const auto printed =
      PrintTextTable({"class", "questions", "accuracy", "coverage", "silently wrong", "refusals right"}, lines, format,
                     runner.console());
  if (!printed) return runner.Report(printed.error());
  if (!times.empty()) {
    runner.console().err << fmt::format("a question takes {:.1f} ms at the median, {:.1f} ms at the 95th percentile\n",
                                        times[times.size() / 2], times[times.size() * 95 / 100]);
  }
  const bool is_good = all.accuracy() >= eval.accuracy_min && all.silently_wrong() <= eval.wrong_max;
  return is_good ? kExitOk : kExitFailed;
}

}  // namespace neurolake::cli
