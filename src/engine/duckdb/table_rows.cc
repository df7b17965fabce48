#include "common/text.h"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/operator_expression.hpp"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "duckdb/parser/qualified_name.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/at_clause.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/row_identity.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kAlias = "rows of it";

native::unique_ptr<native::ParsedExpression> FirstOf(int kept, int other, const char* name) {
  auto first = native::make_uniq<native::OperatorExpression>(native::ExpressionType::OPERATOR_COALESCE);
  for (const int column : {kept, other}) {
    first->children.push_back(native::make_uniq<native::ColumnRefExpression>(RowIdentity::kNames[column], kAlias));
  }
  first->SetAlias(name);
  return first;
}

native::unique_ptr<native::TableRef> Replace(native::ClientContext&, native::TableFunctionBindInput& input) {
  if (input.inputs[0].IsNull() || (input.inputs.size() > 1 && input.inputs[1].IsNull())) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         "table_rows takes a table's name, and a version: table_rows('sales.orders'), "
                         "table_rows('sales.orders', 3)"));
  }
  const auto name = native::QualifiedName::Parse(input.inputs[0].ToString());
  auto table = native::make_uniq<native::BaseTableRef>();
  table->catalog_name = name.catalog.empty() && !name.schema.empty() ? LakeCatalog::kName : name.catalog;
  table->schema_name = LowerAscii(name.schema);
  table->table_name = name.name;
  table->alias = kAlias;
  const native::Value version = input.inputs.size() > 1 ? input.inputs[1] : native::Value::BIGINT(-1);
  table->at_clause =
      native::make_uniq<native::AtClause>(kRowsUnit, native::make_uniq<native::ConstantExpression>(version));
  auto select = native::make_uniq<native::SelectNode>();
  select->select_list.push_back(native::make_uniq<native::StarExpression>());
  select->select_list.push_back(FirstOf(0, 1, "_row_id"));
  select->select_list.push_back(FirstOf(2, 3, "_row_commit_version"));
  select->from_table = std::move(table);
  auto statement = native::make_uniq<native::SelectStatement>();
  statement->node = std::move(select);
  return native::make_uniq<native::SubqueryRef>(std::move(statement), name.name);
}

}  // namespace

void RegisterTableRows(native::ClientContext& context) {
  native::TableFunctionSet rows("table_rows");
  native::TableFunction newest("table_rows", {native::LogicalType::VARCHAR}, nullptr, nullptr);
  newest.bind_replace = Replace;
  native::TableFunction version("table_rows", {native::LogicalType::VARCHAR, native::LogicalType::BIGINT}, nullptr,
                                nullptr);
  version.bind_replace = Replace;
  rows.AddFunction(newest);
  rows.AddFunction(version);
  context.RunFunctionInTransaction([&] {
    native::CreateTableFunctionInfo info(rows);
    info.internal = true;
    native::Catalog::GetSystemCatalog(context).CreateTableFunction(context, info);
  });
}

}  // namespace neurolake::engine::duckdb
