#include "engine/duckdb/internal/cte_versions.h"

#include <set>

#include "common/text.h"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/query_node/set_operation_node.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {
namespace {

using ExpressionPointer = native::unique_ptr<native::ParsedExpression>;
using Names = std::set<std::string>;  // Defined by WITH where we are, in lower case.

void CheckNode(native::QueryNode& node, const Names& outer);

void CheckExpression(ExpressionPointer& expression, const Names& names) {
  if (expression == nullptr) return;
  if (expression->GetExpressionClass() == native::ExpressionClass::SUBQUERY) {
    CheckNode(*expression->Cast<native::SubqueryExpression>().subquery->node, names);
  }
  native::ParsedExpressionIterator::EnumerateChildren(*expression,
                                                      [&](ExpressionPointer& child) { CheckExpression(child, names); });
}

void CheckBaseTable(const native::BaseTableRef& table, const Names& names) {
  // "recurring" is how a recursive definition speaks of all its rows so far.
  const bool may_be_cte =
      table.catalog_name.empty() && (table.schema_name.empty() || EqualsIgnoringCase(table.schema_name, "recurring"));
  if (table.at_clause == nullptr || !may_be_cte || !names.contains(LowerAscii(table.table_name))) return;
  ThrowLakeError(Error(ErrorCode::kNotSupported,
                       fmt::format("a name that WITH defines has no versions; ask for the version of the tables inside "
                                   "of it: {}",
                                   table.table_name)));
}

void CheckTable(native::TableRef& ref, const Names& names) {
  switch (ref.type) {
    case native::TableReferenceType::BASE_TABLE: CheckBaseTable(ref.Cast<native::BaseTableRef>(), names); return;
    case native::TableReferenceType::SUBQUERY:
      CheckNode(*ref.Cast<native::SubqueryRef>().subquery->node, names);
      return;
    case native::TableReferenceType::JOIN: {
      auto& join = ref.Cast<native::JoinRef>();
      CheckTable(*join.left, names);
      CheckTable(*join.right, names);
      CheckExpression(join.condition, names);
      return;
    }
    case native::TableReferenceType::PIVOT: CheckTable(*ref.Cast<native::PivotRef>().source, names); return;
    case native::TableReferenceType::SHOW_REF: {
      auto& show = ref.Cast<native::ShowRef>();
      if (show.query != nullptr) CheckNode(*show.query, names);
      return;
    }
    case native::TableReferenceType::EXPRESSION_LIST:
    case native::TableReferenceType::TABLE_FUNCTION:
      native::ParsedExpressionIterator::EnumerateTableRefChildren(
          ref, [&](ExpressionPointer& child) { CheckExpression(child, names); }, [](native::TableRef&) {});
      return;
    default: return;
  }
}

// Checks the definitions and gives the names that hold behind them. A definition knows those before it, and itself
// only where it is recursive.
Names OpenCtes(native::CommonTableExpressionMap& definitions, Names names) {
  for (auto& entry : definitions.map) {
    native::QueryNode& node = *entry.second->query->node;
    const std::string name = LowerAscii(entry.first);
    if (node.type == native::QueryNodeType::RECURSIVE_CTE_NODE) names.insert(name);
    CheckNode(node, names);
    names.insert(name);
  }
  return names;
}

void CheckNode(native::QueryNode& node, const Names& outer) {
  const Names names = OpenCtes(node.cte_map, outer);
  const auto check = [&](ExpressionPointer& expression) { CheckExpression(expression, names); };
  switch (node.type) {
    case native::QueryNodeType::SELECT_NODE: {
      auto& select = node.Cast<native::SelectNode>();
      for (auto& expression : select.select_list) check(expression);
      for (auto& expression : select.groups.group_expressions) check(expression);
      for (auto* expression : {&select.where_clause, &select.having, &select.qualify}) check(*expression);
      if (select.from_table != nullptr) CheckTable(*select.from_table, names);
      break;
    }
    case native::QueryNodeType::SET_OPERATION_NODE:
      for (auto& child : node.Cast<native::SetOperationNode>().children) CheckNode(*child, names);
      break;
    case native::QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& recursive = node.Cast<native::RecursiveCTENode>();
      CheckNode(*recursive.left, names);
      CheckNode(*recursive.right, names);
      break;
    }
    default: break;
  }
  native::ParsedExpressionIterator::EnumerateQueryNodeModifiers(node, check);
}

void CheckSet(native::unique_ptr<native::UpdateSetInfo>& set, const Names& names) {
  if (set == nullptr) return;
  CheckExpression(set->condition, names);
  for (auto& value : set->expressions) CheckExpression(value, names);
}

void CheckMerge(native::MergeIntoStatement& merge) {
  const Names names = OpenCtes(merge.cte_map, {});
  CheckTable(*merge.source, names);
  CheckExpression(merge.join_condition, names);
  for (auto& [kind, actions] : merge.actions) {
    for (auto& action : actions) {
      CheckExpression(action->condition, names);
      for (auto& value : action->expressions) CheckExpression(value, names);
      CheckSet(action->update_info, names);
    }
  }
}

void CheckCreate(native::CreateInfo& info) {
  if (info.type == native::CatalogType::TABLE_ENTRY) {
    auto& query = info.Cast<native::CreateTableInfo>().query;
    if (query != nullptr) CheckNode(*query->node, {});
  } else if (info.type == native::CatalogType::VIEW_ENTRY) {
    auto& query = info.Cast<native::CreateViewInfo>().query;
    if (query != nullptr) CheckNode(*query->node, {});
  }
}

}  // namespace

void RefuseVersionsOfCtes(native::SQLStatement& statement) {
  switch (statement.type) {
    case native::StatementType::SELECT_STATEMENT:
      CheckNode(*statement.Cast<native::SelectStatement>().node, {});
      return;
    case native::StatementType::INSERT_STATEMENT: {
      auto& insert = statement.Cast<native::InsertStatement>();
      const Names names = OpenCtes(insert.cte_map, {});
      if (insert.select_statement != nullptr) CheckNode(*insert.select_statement->node, names);
      return;
    }
    case native::StatementType::CREATE_STATEMENT: CheckCreate(*statement.Cast<native::CreateStatement>().info); return;
    case native::StatementType::DELETE_STATEMENT: {
      auto& deletion = statement.Cast<native::DeleteStatement>();
      const Names names = OpenCtes(deletion.cte_map, {});
      for (auto& clause : deletion.using_clauses) CheckTable(*clause, names);
      CheckExpression(deletion.condition, names);
      return;
    }
    case native::StatementType::UPDATE_STATEMENT: {
      auto& update = statement.Cast<native::UpdateStatement>();
      const Names names = OpenCtes(update.cte_map, {});
      if (update.from_table != nullptr) CheckTable(*update.from_table, names);
      CheckSet(update.set_info, names);
      return;
    }
    case native::StatementType::MERGE_INTO_STATEMENT: CheckMerge(statement.Cast<native::MergeIntoStatement>()); return;
    default: return;
  }
}

}  // namespace neurolake::engine::duckdb
