#include "cli/eval.h"

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>

#include "arrow/text_format.h"
#include "cli/client_commands.h"
#include "cli/eval_questions.h"
#include "cli/eval_report.h"
#include "cli/eval_score.h"
#include "cli/local_ask.h"
#include "cli/text_table.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

std::string Member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
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

/// What was asked back, to see which readings rival.
std::string ChoicesText(const json::object& answer) {
  std::string text;
  const auto* choices = answer.if_contains("choices");
  if (choices == nullptr || !choices->is_array()) return text;
  for (const auto& choice : choices->get_array()) {
    if (choice.is_object()) text += (text.empty() ? ": " : " | ") + Member(choice.get_object(), "words");
  }
  return text;
}

int64_t WholeMember(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// What an answer says it was predicted to read, and what it paid for models.
EvalCost CostOf(const json::object& answer) {
  EvalCost cost;
  const auto* predicted = answer.if_contains("cost");
  if (predicted != nullptr && predicted->is_object()) {
    const auto& members = predicted->get_object();
    cost.predicted = 1;
    cost.bytes = WholeMember(members, "bytes");
    cost.rows = WholeMember(members, "rows");
    cost.files = WholeMember(members, "files");
  }
  const auto* usage = answer.if_contains("model_usage");
  if (usage == nullptr || !usage->is_object()) return cost;
  const auto& members = usage->get_object();
  cost.model_calls = WholeMember(members, "calls");
  cost.model_tokens = WholeMember(members, "input_tokens") + WholeMember(members, "output_tokens");
  if (const auto* dollars = members.if_contains("dollars"); dollars != nullptr && dollars->is_number())
    cost.dollars = dollars->to_number<double>();
  return cost;
}

/// Errors that are about the lake or the command and not about one question.
bool EndsTheEvaluation(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCancelled:
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kNotFound: return true;
    default: return false;
  }
}

/// What is asked with: a model of the lake's, or one from a file or a draft, which is asked with here.
struct Asked {
  std::string name;
  bool is_inferred = false;
  std::unique_ptr<LocalAsk> local;  ///< Null: the lake's own.
};

class Evaluation {
 public:
  Evaluation(const EvalArguments& eval, const Asked& asked, StatementRunner& runner, const Clock& clock)
      : eval_(eval), asked_(asked), runner_(runner), clock_(clock) {}

  Result<ScoredQuestion> Score(const EvalQuestion& question) {
    json::object body{{"question", question.text}};
    if (!question.as_of.empty()) body["as_of"] = question.as_of;
    if (asked_.local == nullptr && !eval_.model.empty()) body["model"] = eval_.model;
    if (const auto before = intents_.find(question.follows); before != intents_.end())
      body["previous"] = before->second;
    const auto begin = clock_.SteadyNow();
    const auto text = asked_.local != nullptr ? asked_.local->Ask({}, json::serialize(body))
                                              : runner_.client().Ask({}, json::serialize(body));
    ScoredQuestion scored{.question = &question};
    scored.milliseconds = std::chrono::duration<double, std::milli>(clock_.SteadyNow() - begin).count();
    if (!text && EndsTheEvaluation(text.error().code())) return std::unexpected(text.error());
    if (!text) {
      scored.status = "failed";
      scored.said = text.error().message();
      scored.outcome = question.expect == "answer" ? Outcome::kNotAnswered : Outcome::kRight;
      return scored;
    }
    const auto value = json::parse(*text);
    const auto& answer = value.as_object();
    scored.status = Member(answer, "status");
    scored.sql = Member(answer, "sql");
    scored.cost = CostOf(answer);
    if (const auto* confidence = answer.if_contains("confidence"); confidence != nullptr && confidence->is_number())
      scored.confidence = confidence->to_number<double>();
    const bool was_answered = scored.status == "answered";
    // What was not answered is nothing to go on from.
    const auto* intent = answer.if_contains("intent");
    if (intent != nullptr && was_answered) intents_[question.id] = *intent;
    scored.said = Member(answer, was_answered ? "answer" : "reason") + ChoicesText(answer);
    if (!was_answered) {
      scored.outcome = question.expect == "answer" ? Outcome::kNotAnswered : Outcome::kRight;
      return scored;
    }
    return Judged(question, answer, std::move(scored));
  }

 private:
  Result<ScoredQuestion> Judged(const EvalQuestion& question, const json::object& answer, ScoredQuestion scored) {
    const auto* assumptions = answer.if_contains("assumptions");
    const bool is_assumed = assumptions != nullptr && assumptions->is_array() && !assumptions->get_array().empty();
    const auto is_gold = MatchesGold(question, RowsOf(answer));
    if (!is_gold && EndsTheEvaluation(is_gold.error().code()) && is_gold.error().code() != ErrorCode::kNotFound)
      return std::unexpected(is_gold.error());
    if (!is_gold) {
      scored.outcome = Outcome::kNotScored;
      scored.problem = is_gold.error().message();
      return scored;
    }
    // Where one had better ask back, a stated reading that is among the good ones is not silent.
    const bool is_right = question.expect == "answer" ? *is_gold || question.gold.empty() : *is_gold && is_assumed;
    scored.outcome = is_right ? Outcome::kRight : Outcome::kWrong;
    return scored;
  }

  Result<bool> MatchesGold(const EvalQuestion& question, const TextRows& rows) {
    for (const auto& query : question.gold) {
      ClientStatement statement{.sql = query, .schema = eval_.schema, .time_zone = runner_.options().time_zone};
      NL_ASSIGN_OR_RETURN(auto stream, runner_.client().Execute({}, std::move(statement)));
      NL_ASSIGN_OR_RETURN(const auto gold, ReadRows(*stream));
      if (AsksForOrder(question, query) ? SaysTheSameInOrder(gold, rows) : SaysTheSame(gold, rows)) return true;
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
  const Asked& asked_;
  StatementRunner& runner_;
  const Clock& clock_;
  std::map<std::string, json::value> intents_;
};

/// A fixed half, so that what is measured is not what was worked on: docs/ask.md, "Measuring".
bool IsIn(const std::string& split, const std::string& id) {
  if (split == "all") return true;
  const std::string digest = Sha256Hex(id);
  const bool is_odd = std::string_view("13579bdf").find(digest.back()) != std::string_view::npos;
  return is_odd == (split == "held-back");
}

/// The models to ask with: the one that is named or the lake's only one, unless a draft alone is wanted.
Result<std::vector<Asked>> ModelsOf(const EvalArguments& eval, StatementRunner& runner, const Clock& clock) {
  std::vector<Asked> models;
  if (IsModelFile(eval.model)) {
    NL_ASSIGN_OR_RETURN(auto local, AskWithFile(eval.model, runner, clock));
    const std::string name = local->model_name();
    models.push_back({.name = name, .local = std::move(local)});
  } else if (!eval.model.empty() || !eval.infer) {
    models.push_back({.name = eval.model.empty() ? "the lake's" : eval.model, .local = nullptr});
  }
  if (!eval.infer) return models;
  NL_ASSIGN_OR_RETURN(auto draft, AskWithDraft(eval.schema, runner, clock));
  models.push_back({.name = "inferred", .is_inferred = true, .local = std::move(draft)});
  return models;
}

bool IsShown(const std::string& show, Outcome outcome) {
  if (outcome == Outcome::kNotScored || show == "all") return true;
  return (show == "wrong" && outcome == Outcome::kWrong) || (show == "missed" && outcome != Outcome::kRight);
}

Result<EvalReport> Evaluate(const EvalArguments& eval, const Asked& asked, const std::vector<EvalQuestion>& questions,
                            StatementRunner& runner, const Clock& clock) {
  EvalReport report{.model = asked.name, .is_inferred = asked.is_inferred, .scored = {}};
  Evaluation evaluation(eval, asked, runner, clock);
  for (const auto& question : questions) {
    // One outside the split is asked all the same: it may be what others follow.
    NL_ASSIGN_OR_RETURN(auto scored, evaluation.Score(question));
    if (!IsIn(eval.split, question.id)) continue;
    if (IsShown(eval.show, scored.outcome)) {
      const bool failed = scored.outcome == Outcome::kNotScored;
      const std::string said =
          failed ? fmt::format("the gold query of line {} did not run: {}", question.line, scored.problem)
                 : scored.said;
      runner.console().err << fmt::format("{:<13}{}  {}\n             {}\n", OutcomeName(scored.outcome), question.id,
                                          PrintableText(question.text), PrintableText(said));
    }
    report.scored.push_back(std::move(scored));
  }
  return report;
}

Result<void> Print(const std::vector<EvalReport>& reports, const EvalArguments& eval, OutputFormat format,
                   Console& console) {
  std::vector<std::string> columns{"class",          "questions",      "accuracy", "coverage",
                                   "silently wrong", "refusals right", "read",     "models"};
  const bool names_model = reports.size() > 1;
  if (names_model) columns.insert(columns.begin(), "model");
  std::vector<std::vector<std::string>> lines;
  for (const EvalReport& report : reports) {
    for (auto& line : LinesOf(report, names_model)) lines.push_back(std::move(line));
  }
  NL_RETURN_IF_ERROR(PrintTextTable(columns, lines, format, console));
  for (const EvalReport& report : reports) {
    const auto unjudged = std::ranges::count_if(report.scored, [](const ScoredQuestion& scored) {
      return scored.question->expect == "answer" && scored.question->gold.empty();
    });
    console.err << fmt::format(
        "{}: a question takes {:.1f} ms at the median, {:.1f} ms at the 95th percentile; calibration error {:.3f}\n",
        report.model, report.quantile_milliseconds(0.5), report.quantile_milliseconds(0.95),
        report.calibration_error());
    console.err << fmt::format("{}: {}\n", report.model, CostLine(report.all().cost));
    if (unjudged > 0) console.err << fmt::format("{} have no gold_sql: any answer counts as right\n", unjudged);
  }
  if (eval.output.empty()) return {};
  std::ofstream file(eval.output, std::ios::binary | std::ios::trunc);
  file << ReportJson(reports);
  file.close();
  if (!file) return MakeError(ErrorCode::kIoError, "cannot write {}", eval.output);
  return {};
}

}  // namespace

int RunEval(const EvalArguments& eval, OutputFormat format, StatementRunner& runner, const Clock& clock) {
  const auto text = ReadWholeFile(eval.questions, std::cin);
  if (!text) return runner.Report(text.error());
  const auto questions = ParseQuestions(*text);
  if (!questions) {
    return runner.Report(Error(questions.error().code(), eval.questions + ": " + questions.error().message()));
  }
  const auto models = ModelsOf(eval, runner, clock);
  if (!models) return runner.Report(models.error());
  std::vector<EvalReport> reports;
  for (const Asked& asked : *models) {
    auto report = Evaluate(eval, asked, *questions, runner, clock);
    if (!report) return runner.Report(report.error());
    reports.push_back(std::move(*report));
  }
  const auto printed = Print(reports, eval, format, runner.console());
  if (!printed) return runner.Report(printed.error());
  const bool is_good = std::ranges::all_of(reports, [&](const EvalReport& report) {
    const EvalSums all = report.all();
    const bool is_whole = std::ranges::none_of(
        report.scored, [](const ScoredQuestion& scored) { return scored.outcome == Outcome::kNotScored; });
    return is_whole && all.accuracy() >= eval.accuracy_min && all.silently_wrong() <= eval.wrong_max;
  });
  return is_good ? kExitOk : kExitFailed;
}

}  // namespace neurolake::cli
