#include "ask/service/ask_service.h"

#include <boost/json.hpp>

#include <algorithm>
#include <set>

#include "ask/answer/chart.h"
#include "ask/answer/checks.h"
#include "ask/answer/sentence.h"
#include "ask/grammar/understand.h"
#include "ask/service/advisor.h"
#include "ask/service/asker.h"
#include "ask/time/zone.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

/// What ends the request itself; any other failure of a query is a reason not to answer.
bool EndsTheRequest(const Error& error) {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded;
}

Result<AnswerTable> RunCompiled(const RequestContext& ctx, QueryRunner& runner, const CompiledQuery& compiled,
                                int64_t row_limit, QueryRows* facts = nullptr) {
  const auto limit = static_cast<size_t>(row_limit);
  NL_ASSIGN_OR_RETURN(auto rows, runner.Run(ctx, compiled.sql, limit + 1));
  AnswerTable table{.columns = compiled.columns, .rows = std::move(rows.rows), .is_truncated = false};
  for (const auto& row : table.rows) NL_CHECK(row.size() == table.columns.size());
  if (table.rows.size() > limit) {
    table.rows.resize(limit);
    table.is_truncated = true;
  }
  rows.rows.clear();
  if (facts != nullptr) *facts = std::move(rows);
  return table;
}

std::vector<Freshness> FreshnessOf(const std::string& tables_json) {
  std::vector<Freshness> freshness;
  boost::system::error_code problem;
  const auto value = json::parse(tables_json, problem);
  if (problem || !value.is_array()) return freshness;
  for (const auto& one : value.get_array()) {
    const auto* object = one.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("table");
    if (name == nullptr || !name->is_string()) continue;
    Freshness fresh{.table = std::string(name->get_string())};
    if (const auto* version = object->if_contains("version"); version != nullptr && version->is_int64()) {
      fresh.version = version->get_int64();
    }
    freshness.push_back(std::move(fresh));
  }
  return freshness;
}

std::string ListAskable(const semantic::SemanticModel& model) {
  std::string text = "You can ask for ";
  size_t shown = 0;
  for (const auto& metric : model.metrics) {
    if (metric.hidden) continue;
    text += (shown++ == 0 ? "" : ", ") + metric.label;
  }
  std::set<std::string> dimensions;
  for (const auto& entity : model.entities) {
    for (const auto& dimension : entity.dimensions) {
      if (!dimension.hidden) dimensions.insert(dimension.label);
    }
  }
  text += "; by ";
  shown = 0;
  for (const auto& label : dimensions) text += (shown++ == 0 ? "" : ", ") + label;
  return text + ".";
}

/// "revenue: … (sum of amount)": what the model's author wrote of a member.
std::string DescribeMember(const std::string& subject, const semantic::SemanticModel& model) {
  const auto line = [](const semantic::Described& one, std::string_view kind) {
    return fmt::format("{}: a {}{}{}", one.label, kind, one.description.empty() ? "." : ". ", one.description);
  };
  if (const auto* metric = semantic::FindMetric(model, subject)) return line(*metric, "metric");
  const size_t dot = subject.find('.');
  const auto* entity = semantic::FindEntity(model, std::string_view(subject).substr(0, dot));
  if (entity == nullptr) return subject + ": not in the model.";
  if (dot == std::string::npos) return line(*entity, "thing that is counted and listed");
  const auto* dimension = semantic::FindDimension(*entity, std::string_view(subject).substr(dot + 1));
  return dimension == nullptr ? subject + ": not in the model." : line(*dimension, "dimension");
}

Answer Abstain(std::string reason, std::vector<std::string> suggestions = {}) {
  Answer answer;
  answer.status = Status::kAbstained;
  answer.reason = std::move(reason);
  answer.suggestions = std::move(suggestions);
  return answer;
}

constexpr size_t kSuggestionsMax = 3;

void PutFirst(std::vector<std::string> first, std::vector<std::string>& suggestions) {
  for (auto& one : suggestions) {
    if (first.size() < kSuggestionsMax && std::ranges::find(first, one) == first.end()) first.push_back(std::move(one));
  }
  suggestions = std::move(first);
}

/// A query that would take more than may be run unasked.
Answer AskFirst(const std::string& words, const Intent& intent, const std::string& cost_json) {
  Answer answer;
  answer.status = Status::kClarify;
  answer.reason = "the query is predicted to read more than may be read without asking back";
  answer.choices = {{.words = words, .intent = intent}};
  answer.cost_json = cost_json;
  answer.asks_first = true;
  return answer;
}

PipelineRunner::Options RunnerOptions(const AskRequest& request, const std::string& zone) {
  return {.zone = zone,
          .purpose = request.purpose,
          .read_only = request.read_only,
          .confirm_bytes = request.confirm_bytes,
          .observer = request.observer};
}

json::object Linked(const Understanding& understood) {
  json::array readings;
  for (const auto& reading : understood.readings) readings.push_back(json::string(reading.text));
  return {{"readings", std::move(readings)}};
}

json::object Planned(const std::string& words, const CompiledQuery& compiled, const std::optional<std::string>& cost) {
  json::object details{{"words", words}, {"sql", compiled.sql}};
  if (cost.has_value()) details["cost"] = json::parse(*cost);
  return details;
}

/// Queries that say whether the answer can be trusted become notes where it cannot quite.
Result<void> AddNotes(const RequestContext& ctx, QueryRunner& runner, const CompiledQuery& compiled, Answer& answer) {
  for (const auto& check : compiled.checks) {
    const auto rows = runner.Run(ctx, check.sql, 1);
    if (!rows.has_value()) {
      if (EndsTheRequest(rows.error())) return std::unexpected(rows.error());
      answer.notes.push_back("Not checked: " + check.meaning + ".");
      continue;
    }
    const double count = rows->rows.empty() || rows->rows[0].empty() ? 0 : NumberIn(rows->rows[0][0]).value_or(0);
    if (count == 0) continue;
    answer.notes.push_back(fmt::format("{} {}.", ShowNumber(count, {}), check.meaning));
    // Whether such rows belong into the answer could be decided otherwise.
    if (check.kind == CheckQuery::Kind::kDanglingKeys)
      answer.assumptions.push_back({.part = "dimensions", .text = "rows without a partner stay in, under no value"});
  }
  return {};
}

}  // namespace

AskService::AskService(query::StatementService& service, ModelSource& models, const Clock& clock)
    : service_(service), models_(models), clock_(clock), visible_(service, clock) {}

Result<VisibleModel> AskService::Visible(const RequestContext& caller, const AskRequest& request) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto whole, ChooseModel(ctx, models_, request.model, request.schema));
  PipelineRunner runner(service_,
                        RunnerOptions(request, request.zone.empty() ? whole.model->calendar.zone : request.zone));
  return visible_.For(ctx, runner, request.purpose, whole);
}

Result<Answer> AskService::Ask(const RequestContext& caller, const AskRequest& request) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  if (request.question.find_first_not_of(" \t\r\n") == std::string::npos) {
    return MakeError(ErrorCode::kInvalidArgument, "the question is empty");
  }
  if (request.question.size() > AskRequest::kQuestionBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a question has at most {} bytes, this one {}",
                     AskRequest::kQuestionBytesMax, request.question.size());
  }
  NL_ASSIGN_OR_RETURN(const auto whole, ChooseModel(ctx, models_, request.model, request.schema));
  const std::string zone = request.zone.empty() ? whole.model->calendar.zone : request.zone;
  NL_ASSIGN_OR_RETURN(const auto now, ToLocal(clock_.Now(), zone));
  PipelineRunner runner(service_, RunnerOptions(request, zone));
  NL_ASSIGN_OR_RETURN(const auto visible, visible_.For(ctx, runner, request.purpose, whole));
  const auto& model = visible.model;
  const Understander understander(*model, *visible.linker, {},
                                  memory_ == nullptr ? Usage() : memory_->UsageOf(whole.model));
  const TimeContext time{.now = request.as_of.value_or(now), .calendar = model->calendar};
  NL_ASSIGN_OR_RETURN(
      auto understood,
      understander.Understand(request.question, time, request.previous.has_value() ? &*request.previous : nullptr));
  if (memory_ != nullptr) memory_->Recall(request.question, whole.model, visible, time, understood);
  for (auto& reading : understood.readings) reading.intent.zone = zone;
  runner.Reached("linked", Linked(understood));
  const OpenQuestion open{.question = request.question,
                          .visible = visible,
                          .time = time,
                          .zone = zone,
                          .follows = request.previous.has_value()};
  Answer answer;
  if (understood.status == Status::kAbstained) {
    answer = Abstain(std::move(understood.reason), std::move(understood.nearest));
    NL_RETURN_IF_ERROR(Suggest(ctx, open, answer));
    if (memory_ != nullptr) {
      PutFirst(memory_->Nearest(request.question, whole.model, visible, time, kSuggestionsMax), answer.suggestions);
    }
  } else if (understood.status == Status::kClarify) {
    std::vector<Choice> choices;
    for (const auto& reading : understood.readings) choices.push_back({reading.text, reading.intent});
    NL_ASSIGN_OR_RETURN(answer, Choose(ctx, runner, *model, choices));
    if (answer.status == Status::kClarify && !answer.asks_first) answer.reason = std::move(understood.reason);
    answer.confidence = understood.readings.empty() ? 0 : understood.readings[0].confidence;
  } else {
    const auto& reading = understood.readings.front();
    NL_ASSIGN_OR_RETURN(answer, Answered(ctx, runner, *model, reading.intent));
    answer.confidence = reading.confidence;
    answer.is_follow_up = reading.follow_up;
    for (const auto& text : reading.assumptions) answer.assumptions.push_back({.part = "question", .text = text});
  }
  NL_RETURN_IF_ERROR(Heed(ctx, runner, open, answer));
  answer.question = request.question;
  return answer;
}

Result<Answer> AskService::Run(const RequestContext& caller, const AskRequest& request, const Intent& intent) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto whole, ChooseModel(ctx, models_, request.model, request.schema));
  PipelineRunner runner(service_,
                        RunnerOptions(request, request.zone.empty() ? whole.model->calendar.zone : request.zone));
  NL_ASSIGN_OR_RETURN(const auto visible, visible_.For(ctx, runner, request.purpose, whole));
  NL_ASSIGN_OR_RETURN(auto answer, Answered(ctx, runner, *visible.model, intent));
  answer.question = request.question;
  answer.confidence = 1;  // Nothing was read: it says what it means.
  return answer;
}

Result<Answer> AskService::Answered(const RequestContext& ctx, QueryRunner& runner,
                                    const semantic::SemanticModel& model, const Intent& intent) {
  Answer answer;
  answer.status = Status::kAnswered;
  answer.intent = intent;
  if (intent.output == OutputKind::kListAskable || intent.output == OutputKind::kDescribe) {
    answer.sentence =
        intent.output == OutputKind::kDescribe ? DescribeMember(intent.subject, model) : ListAskable(model);
    return answer;
  }
  const auto compiled = CompileIntent(intent, model);
  if (!compiled.has_value()) return Abstain(compiled.error().message());
  const std::string words = Restate(intent, model);
  const auto costly = runner.CostToConfirm(ctx, compiled->sql);
  if (!costly.has_value() && EndsTheRequest(costly.error())) return std::unexpected(costly.error());
  runner.Reached("planned", Planned(words, *compiled, costly.has_value() ? *costly : std::nullopt));
  if (costly.has_value() && costly->has_value()) return AskFirst(words, intent, **costly);
  runner.Reached("running", {});
  QueryRows facts;
  auto table = RunCompiled(ctx, runner, *compiled, intent.row_limit, &facts);
  if (!table.has_value()) {
    if (EndsTheRequest(table.error())) return std::unexpected(table.error());
    return Abstain("It was understood, but the query did not run: " + table.error().message());
  }
  answer.table = std::move(*table);
  runner.Reached("checking", {});
  if (const auto whole = WholeOf(intent, model)) {
    const auto total = CompileIntent(*whole, model);
    if (total.has_value()) {
      NL_ASSIGN_OR_RETURN(const auto sum, RunCompiled(ctx, runner, *total, 1));
      if (!AddsUp(answer.table, sum)) {
        return Abstain(
            "The parts do not add up to the whole: a join counts rows twice or loses them. The model's keys and "
            "cardinalities need a look.");
      }
    }
  }
  answer.sql = compiled->sql;
  answer.definitions = compiled->definitions;
  answer.assumptions = compiled->assumptions;
  answer.cost_json = facts.prediction_json;
  answer.freshness = FreshnessOf(facts.tables_json);
  NL_RETURN_IF_ERROR(AddNotes(ctx, runner, *compiled, answer));
  answer.sentence = Sentence(words, intent.output, answer.table);
  answer.chart = Chart(answer.table, words);
  return answer;
}

Result<Answer> AskService::Choose(const RequestContext& ctx, QueryRunner& runner, const semantic::SemanticModel& model,
                                  const std::vector<Choice>& choices) {
  std::vector<Answer> answers;
  std::vector<Choice> different;
  for (const auto& choice : choices) {
    NL_ASSIGN_OR_RETURN(auto answer, Answered(ctx, runner, model, choice.intent));
    const bool ran = answer.status == Status::kAnswered;
    // One that did not run stays a choice: nobody can tell whether it would have said the same.
    const bool is_new = !ran || std::none_of(answers.begin(), answers.end(), [&](const Answer& other) {
      return other.status == Status::kAnswered && SaysTheSame(other.table, answer.table);
    });
    if (!is_new) continue;
    answers.push_back(std::move(answer));
    different.push_back(choice);
  }
  if (answers.size() == 1) {
    answers[0].assumptions.push_back({.part = "question", .text = "read as: " + different[0].words});
    return std::move(answers[0]);
  }
  Answer answer;
  answer.status = Status::kClarify;
  answer.choices = std::move(different);
  return answer;
}

}  // namespace neurolake::ask
