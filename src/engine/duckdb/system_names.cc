#include "engine/duckdb/internal/system_names.h"

#include "common/text.h"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/lake_catalog.h"

namespace neurolake::engine::duckdb {
namespace {

using ExpressionPointer = native::unique_ptr<native::ParsedExpression>;

void VisitExpression(ExpressionPointer& expression);

void VisitNode(native::QueryNode& node);

void VisitTable(native::TableRef& ref) {
  if (ref.type == native::TableReferenceType::SHOW_REF) {
    // DESCRIBE and SUMMARIZE hold what they are about as a query of its own.
    auto& show = ref.Cast<native::ShowRef>();
    if (show.query != nullptr) VisitNode(*show.query);
    return;
  }
  if (ref.type != native::TableReferenceType::BASE_TABLE) return;
  auto& table = ref.Cast<native::BaseTableRef>();
  if (table.catalog_name.empty() && IsOwnSchema(table.schema_name)) {
    table.catalog_name = LakeCatalog::kName;
  }
}

void VisitNode(native::QueryNode& node) {
  native::ParsedExpressionIterator::EnumerateQueryNodeChildren(node, VisitExpression, VisitTable);
}

void VisitTableRef(native::TableRef& ref) {
  native::ParsedExpressionIterator::EnumerateTableRefChildren(ref, VisitExpression, VisitTable);
}

void VisitExpression(ExpressionPointer& expression) {
  if (expression == nullptr) return;
  if (expression->GetExpressionClass() == native::ExpressionClass::SUBQUERY) {
    VisitNode(*expression->Cast<native::SubqueryExpression>().subquery->node);
  }
  native::ParsedExpressionIterator::EnumerateChildren(*expression, VisitExpression);
}

void VisitCreate(native::CreateInfo& info) {
  if (info.type == native::CatalogType::TABLE_ENTRY) {
    auto& query = info.Cast<native::CreateTableInfo>().query;
    if (query != nullptr) VisitNode(*query->node);
  } else if (info.type == native::CatalogType::VIEW_ENTRY) {
    auto& query = info.Cast<native::CreateViewInfo>().query;
    if (query != nullptr) VisitNode(*query->node);
  }
}

void VisitMerge(native::MergeIntoStatement& merge) {
  VisitTableRef(*merge.source);
  VisitExpression(merge.join_condition);
  for (auto& entry : merge.cte_map.map) VisitNode(*entry.second->query->node);
  for (auto& [kind, actions] : merge.actions) {
    for (auto& action : actions) {
      VisitExpression(action->condition);
      for (auto& value : action->expressions) VisitExpression(value);
      if (action->update_info == nullptr) continue;
      for (auto& value : action->update_info->expressions) VisitExpression(value);
    }
  }
}

}  // namespace

void QualifySystemNames(native::SQLStatement& statement) {
  switch (statement.type) {
    case native::StatementType::SELECT_STATEMENT: VisitNode(*statement.Cast<native::SelectStatement>().node); return;
    case native::StatementType::INSERT_STATEMENT: {
      auto& insert = statement.Cast<native::InsertStatement>();
      if (insert.select_statement != nullptr) VisitNode(*insert.select_statement->node);
      return;
    }
    case native::StatementType::CREATE_STATEMENT: VisitCreate(*statement.Cast<native::CreateStatement>().info); return;
    case native::StatementType::DELETE_STATEMENT: {
      auto& deletion = statement.Cast<native::DeleteStatement>();
      for (auto& clause : deletion.using_clauses) VisitTableRef(*clause);
      VisitExpression(deletion.condition);
      return;
    }
    case native::StatementType::UPDATE_STATEMENT: {
      auto& update = statement.Cast<native::UpdateStatement>();
      if (update.from_table != nullptr) VisitTableRef(*update.from_table);
      if (update.set_info != nullptr) VisitExpression(update.set_info->condition);
      return;
    }
    case native::StatementType::MERGE_INTO_STATEMENT: VisitMerge(statement.Cast<native::MergeIntoStatement>()); return;
    default: return;
  }
}

}  // namespace neurolake::engine::duckdb
