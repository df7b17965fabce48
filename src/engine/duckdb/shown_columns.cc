#include "engine/duckdb/internal/shown_columns.h"

#include "common/text.h"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "duckdb/planner/planner.hpp"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "plan/known_columns.h"

namespace neurolake::engine::duckdb {
namespace {

/// What DESCRIBE is about; null: it is another statement. DESCRIBE table is parsed as DESCRIBE of SELECT * FROM table.
native::QueryNode* DescribedQuery(native::SQLStatement& statement) {
  if (statement.type != native::StatementType::SELECT_STATEMENT) return nullptr;
  auto* outer = statement.Cast<native::SelectStatement>().node.get();
  if (outer->type != native::QueryNodeType::SELECT_NODE) return nullptr;
  auto* from = outer->Cast<native::SelectNode>().from_table.get();
  if (from == nullptr || from->type != native::TableReferenceType::SHOW_REF) return nullptr;
  auto& show = from->Cast<native::ShowRef>();
  return show.show_type == native::ShowType::DESCRIBE ? show.query.get() : nullptr;
}

/// The table in SELECT * FROM table as the lake has it, and the star; null: it is another query, or of a view.
std::pair<const LakeTableEntry*, native::StarExpression*> DescribedTable(native::ClientContext& context,
                                                                         StatementState& state,
                                                                         native::QueryNode& query) {
  if (query.type != native::QueryNodeType::SELECT_NODE) return {};
  auto& select = query.Cast<native::SelectNode>();
  if (select.select_list.size() != 1 || select.from_table == nullptr ||
      select.from_table->type != native::TableReferenceType::BASE_TABLE ||
      select.select_list[0]->GetExpressionClass() != native::ExpressionClass::STAR) {
    return {};
  }
  const auto& table = select.from_table->Cast<native::BaseTableRef>();
  if (table.at_clause != nullptr) return {};
  // One name before the table's may be the lake's.
  const bool of_lake = table.catalog_name.empty() && EqualsIgnoringCase(table.schema_name, LakeCatalog::kName);
  const std::string schema = of_lake ? std::string() : table.schema_name;
  const bool bare = table.catalog_name.empty() && table.schema_name.empty();
  if (!table.catalog_name.empty() && !EqualsIgnoringCase(table.catalog_name, LakeCatalog::kName)) return {};
  auto binder = native::Binder::CreateBinder(context);
  SetLookupCheck(*binder, state);
  const native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, table.table_name);
  auto found = binder->EntryRetriever().GetEntry(bare ? "" : LakeCatalog::kName, schema, lookup,
                                                 native::OnEntryNotFound::RETURN_NULL);
  auto* entry = found == nullptr ? nullptr : dynamic_cast<LakeTableEntry*>(found.get());
  return {entry, &select.select_list[0]->Cast<native::StarExpression>()};
}

}  // namespace

bool MayKnowColumn(const plan::TablePolicy* policy, const tables::delta::StructField& column) {
  return plan::MayKnowColumn(policy, column.physical_name(), column.name);
}

bool ReadsHiddenColumns(const plan::PlanDigest& digest) {
  for (const plan::ScanDigest& scan : digest.scans) {
    for (size_t i = 0; i < scan.physical_columns.size() && i < scan.columns.size(); ++i) {
      if (!plan::MayKnowColumn(scan.policy.get(), scan.physical_columns[i], scan.columns[i])) return true;
    }
  }
  return false;
}

plan::PlanDigest DigestOf(native::ClientContext& context, StatementState& state,
                          native::unique_ptr<native::SelectStatement> query,
                          const native::case_insensitive_map_t<native::BoundParameterData>& parameters,
                          BoundPlan& plan) {
  native::Planner planner(context);
  planner.parameter_data = parameters;
  SetLookupCheck(*planner.binder, state);
  planner.CreatePlan(std::move(query));
  planner.binder->SetCatalogLookupCallback(nullptr);
  plan.root = std::move(planner.plan);
  plan.names = planner.names;
  plan.types = planner.types;
  DigestPlan(context, "SELECT", plan);
  return plan.digest_value;
}

void HideColumnsInDescription(native::ClientContext& context, StatementState& state, native::SQLStatement& statement,
                              const native::case_insensitive_map_t<native::BoundParameterData>& parameters) {
  native::QueryNode* query = DescribedQuery(statement);
  if (query == nullptr) return;
  const auto [table, star] = DescribedTable(context, state, *query);
  if (table != nullptr && table->snapshot() != nullptr) {
    for (const auto& field : table->snapshot()->schema().fields) {
      if (MayKnowColumn(table->entry().policy.get(), field)) continue;
      star->exclude_list.insert(native::QualifiedColumnName(field.name));
    }
    return;
  }
  auto described = native::make_uniq<native::SelectStatement>();
  described->node = query->Copy();
  BoundPlan plan;
  if (!ReadsHiddenColumns(DigestOf(context, state, std::move(described), parameters, plan))) return;
  ThrowLakeError(Error(ErrorCode::kPermissionDenied,
                       "a query that reads a column which needs a privilege that you do not have is not described"));
}

}  // namespace neurolake::engine::duckdb
