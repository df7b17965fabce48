#include "engine/duckdb/internal/operation_parameters.h"

#include <boost/json.hpp>

#include "common/check.h"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
using native::MergeActionCondition;
using native::MergeActionType;

/// A text long enough to tell what was done, and not the ten thousand literals of an IN.
std::string Shortened(std::string text) {
  constexpr size_t kLengthMax = 4000;
  if (text.size() <= kLengthMax) return text;
  size_t end = kLengthMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // Never half a character.
  return text.substr(0, end) + "…";
}

/// A JSON value as the JSON string that holds it.
std::string AsString(const json::value& value) { return json::serialize(json::string(json::serialize(value))); }

/// Conditions of DELETE and UPDATE are a list of one.
std::string Predicates(const native::ParsedExpression* condition) {
  json::array list;
  if (condition != nullptr) list.emplace_back(Shortened(condition->ToString()));
  return AsString(list);
}

const char* NameOf(MergeActionType action) {
  switch (action) {
    case MergeActionType::MERGE_UPDATE: return "update";
    case MergeActionType::MERGE_DELETE: return "delete";
    case MergeActionType::MERGE_INSERT: return "insert";
    case MergeActionType::MERGE_DO_NOTHING: return "nothing";
    case MergeActionType::MERGE_ERROR: return "error";
  }
  NL_UNREACHABLE();
}

std::map<std::string, std::string> OfMerge(const native::MergeIntoStatement& merge) {
  std::map<std::string, std::string> parameters;
  std::string on;
  if (merge.join_condition) on = merge.join_condition->ToString();
  for (const auto& column : merge.using_columns) on += (on.empty() ? "USING " : ", ") + column;
  parameters["predicate"] = AsString(json::array{Shortened(std::move(on))});
  const std::pair<MergeActionCondition, const char*> kinds[] = {
      {MergeActionCondition::WHEN_MATCHED, "matchedPredicates"},
      {MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET, "notMatchedPredicates"},
      {MergeActionCondition::WHEN_NOT_MATCHED_BY_SOURCE, "notMatchedBySourcePredicates"}};
  for (const auto& [kind, name] : kinds) {
    json::array clauses;
    if (const auto found = merge.actions.find(kind); found != merge.actions.end()) {
      for (const auto& action : found->second) {
        json::object clause;
        if (action->condition) clause["predicate"] = Shortened(action->condition->ToString());
        clause["actionType"] = NameOf(action->action_type);
        clauses.push_back(std::move(clause));
      }
    }
    parameters[name] = AsString(clauses);
  }
  return parameters;
}

}  // namespace

std::map<std::string, std::string> OperationParameters(const native::SQLStatement& statement) {
  switch (statement.type) {
    case native::StatementType::DELETE_STATEMENT:
      return {{"predicate", Predicates(statement.Cast<native::DeleteStatement>().condition.get())}};
    case native::StatementType::UPDATE_STATEMENT: {
      const auto& info = statement.Cast<native::UpdateStatement>().set_info;
      return {{"predicate", Predicates(info == nullptr ? nullptr : info->condition.get())}};
    }
    case native::StatementType::MERGE_INTO_STATEMENT: return OfMerge(statement.Cast<native::MergeIntoStatement>());
    default: return {};
  }
}

void RedactPredicates(std::map<std::string, std::string>& parameters) {
  for (auto& [name, value] : parameters) {
    if (name.contains("redicate")) value = AsString(json::array{"[redacted]"});
  }
}

}  // namespace neurolake::engine::duckdb
