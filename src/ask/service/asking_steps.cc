// One reading's way: compiled, costed, run and checked.
#include <boost/json.hpp>

#include <set>

#include "ask/answer/checks.h"
#include "ask/compile/compile.h"
#include "ask/grammar/understand.h"
#include "ask/service/internal/asking.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

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
    if (const auto* time = object->if_contains("committed_at"); time != nullptr && time->is_string()) {
      fresh.committed_at = std::string(time->get_string());
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

json::object Planned(const Attempt& attempt, const std::string& run, const std::optional<std::string>& cost) {
  json::object details{{"words", attempt.restated}, {"sql", attempt.compiled->sql}, {"run", run}};
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

/// The state whose one attempt has come to `answer`.
AskState With(const AskState& state, Answer answer) {
  AskState after = state;
  after.attempts[0].answer = std::make_shared<const Answer>(std::move(answer));
  return after;
}

}  // namespace

Result<Asking::Outcome> Asking::Compile(const RequestContext& ctx, const AskState& state) {
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  const auto& model = *around->visible.model;
  const Intent& intent = state.attempts[0].intent;
  if (intent.output == OutputKind::kListAskable || intent.output == OutputKind::kDescribe) {
    Answer answer;
    answer.status = Status::kAnswered;
    answer.intent = intent;
    answer.sentence =
        intent.output == OutputKind::kDescribe ? DescribeMember(intent.subject, model) : ListAskable(model);
    return Outcome{With(state, std::move(answer)), Go::kLearn};
  }
  auto compiled = CompileIntent(intent, model);
  if (!compiled.has_value()) return Outcome{With(state, Abstain(compiled.error().message())), Go::kLearn};
  AskState after = state;
  after.attempts[0].restated = Restate(intent, model);
  after.attempts[0].compiled = std::make_shared<const CompiledQuery>(std::move(*compiled));
  return Outcome{std::move(after)};
}

Result<Asking::Outcome> Asking::Cost(const RequestContext& ctx, const AskState& state) {
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  const Attempt& attempt = state.attempts[0];
  const auto costly = around->runner->CostToConfirm(ctx, attempt.compiled->sql);
  if (!costly.has_value() && EndsTheRequest(costly.error())) return std::unexpected(costly.error());
  const bool is_known = costly.has_value() && costly->has_value();
  around->runner->Reached("planned", Planned(attempt, run_, is_known ? *costly : std::optional<std::string>()));
  if (!is_known) return Outcome{state};
  return Outcome{With(state, AskFirst(attempt.restated, attempt.intent, **costly)), Go::kLearn};
}

Result<Asking::Outcome> Asking::RunQuery(const RequestContext& ctx, const AskState& state) {
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  const Attempt& attempt = state.attempts[0];
  around->runner->Reached("running", {});
  QueryRows facts;
  auto table = RunCompiled(ctx, *around->runner, *attempt.compiled, attempt.intent.row_limit, &facts);
  if (!table.has_value()) {
    if (EndsTheRequest(table.error())) return std::unexpected(table.error());
    return Outcome{With(state, Abstain("It was understood, but the query did not run: " + table.error().message())),
                   Go::kLearn};
  }
  Answer answer;
  answer.status = Status::kAnswered;
  answer.intent = attempt.intent;
  answer.sql = attempt.compiled->sql;
  answer.definitions = attempt.compiled->definitions;
  answer.assumptions = attempt.compiled->assumptions;
  answer.cost_json = facts.prediction_json;
  answer.freshness = FreshnessOf(facts.tables_json);
  AskState after = With(state, std::move(answer));
  after.attempts[0].table = std::make_shared<const AnswerTable>(std::move(*table));
  return Outcome{std::move(after)};
}

Result<Asking::Outcome> Asking::Check(const RequestContext& ctx, const AskState& state) {
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  const auto& model = *around->visible.model;
  const Attempt& attempt = state.attempts[0];
  around->runner->Reached("checking", {});
  if (const auto whole = WholeOf(attempt.intent, model)) {
    const auto total = CompileIntent(*whole, model);
    if (total.has_value()) {
      NL_ASSIGN_OR_RETURN(const auto sum, RunCompiled(ctx, *around->runner, *total, 1));
      if (!AddsUp(*attempt.table, sum)) {
        return Outcome{
            With(state, Abstain("The parts do not add up to the whole: a join counts rows twice or loses them. The "
                                "model's keys and cardinalities need a look.")),
            Go::kLearn};
      }
    }
  }
  Answer answer = *attempt.answer;
  NL_RETURN_IF_ERROR(AddNotes(ctx, *around->runner, *attempt.compiled, answer));
  return Outcome{With(state, std::move(answer))};
}

}  // namespace neurolake::ask
