#include "ask/answer/answer.h"

#include "ask/intent/intent_json.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

json::value ToJson(const Cell& cell) {
  return std::visit(
      [](const auto& value) -> json::value {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::monostate>) {
          return nullptr;
        } else {
          return json::value(value);
        }
      },
      cell);
}

std::string_view RoleName(OutputColumn::Role role) {
  using Role = OutputColumn::Role;
  switch (role) {
    case Role::kTimeAxis: return "time";
    case Role::kDimension: return "dimension";
    case Role::kMetric: return "metric";
    case Role::kComparisonValue: return "comparison";
    case Role::kDifference: return "difference";
    case Role::kGrowth: return "growth";
    case Role::kCalculation: return "calculation";
    case Role::kExists: return "exists";
  }
  return {};
}

json::array Columns(const AnswerTable& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    json::object one{{"name", column.name}, {"label", column.label}, {"role", RoleName(column.role)}};
    if (!column.member.empty()) one["member"] = column.member;
    if (!column.format.unit.empty()) one["unit"] = column.format.unit;
    columns.push_back(std::move(one));
  }
  return columns;
}

json::array Rows(const AnswerTable& table) {
  json::array rows;
  for (const auto& row : table.rows) {
    json::array cells;
    for (const auto& cell : row) cells.push_back(ToJson(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

json::array Texts(const std::vector<std::string>& texts) {
  json::array array;
  for (const auto& text : texts) array.push_back(json::string(text));
  return array;
}

void PutAnswered(const Answer& answer, json::object& object) {
  object["answer"] = answer.sentence;
  object["columns"] = Columns(answer.table);
  object["rows"] = Rows(answer.table);
  object["truncated"] = answer.table.is_truncated;
  if (answer.chart.has_value()) object["chart"] = *answer.chart;
  object["sql"] = answer.sql;
  json::array definitions;
  for (const auto& one : answer.definitions)
    definitions.push_back(json::object{{"name", one.name}, {"text", one.text}});
  object["definitions"] = std::move(definitions);
  json::array assumptions;
  for (const auto& one : answer.assumptions)
    assumptions.push_back(json::object{{"part", one.part}, {"text", one.text}});
  object["assumptions"] = std::move(assumptions);
  json::array freshness;
  for (const auto& one : answer.freshness) {
    freshness.push_back(
        json::object{{"table", one.table}, {"version", one.version}, {"committed_at", one.committed_at}});
  }
  object["freshness"] = std::move(freshness);
  object["notes"] = Texts(answer.notes);
}

json::array Documents(const std::vector<Citation>& citations) {
  json::array documents;
  for (const auto& one : citations) {
    json::object object{{"document", one.document}, {"title", one.title}, {"section", one.section}, {"text", one.text}};
    if (one.page > 0) object["page"] = one.page;
    documents.push_back(std::move(object));
  }
  return documents;
}

}  // namespace

std::string_view StatusName(Status status) {
  switch (status) {
    case Status::kAnswered: return "answered";
    case Status::kClarify: return "clarify";
    case Status::kAbstained: return "abstained";
  }
  return {};
}

json::object ToJson(const Answer& answer) {
  json::object object{
      {"status", StatusName(answer.status)}, {"question", answer.question}, {"confidence", answer.confidence}};
  if (!answer.source.empty()) object["source"] = answer.source;
  if (answer.status == Status::kAnswered) PutAnswered(answer, object);
  if (answer.status == Status::kClarify) {
    json::array choices;
    for (const auto& choice : answer.choices) {
      choices.push_back(json::object{{"words", choice.words}, {"intent", json::parse(EncodeIntent(choice.intent))}});
    }
    object["choices"] = std::move(choices);
  }
  if (answer.cost_json != "{}" && !answer.cost_json.empty()) object["cost"] = json::parse(answer.cost_json);
  if (answer.status != Status::kAnswered) object["reason"] = answer.reason;
  if (answer.status == Status::kAbstained) object["suggestions"] = Texts(answer.suggestions);
  if (!answer.documents.empty()) object["documents"] = Documents(answer.documents);
  if (answer.intent.has_value()) object["intent"] = json::parse(EncodeIntent(*answer.intent));
  return object;
}

}  // namespace neurolake::ask
