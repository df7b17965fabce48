#include "engine/duckdb/internal/parsed_query.h"

#include "duckdb/parser/parsed_data/drop_info.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/drop_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "engine/duckdb/internal/cte_versions.h"
#include "engine/duckdb/internal/system_names.h"

namespace neurolake::engine::duckdb {
namespace {

using native::CatalogType;
using native::StatementType;

std::string ObjectKind(CatalogType type) {
  switch (type) {
    case CatalogType::TABLE_ENTRY: return "TABLE";
    case CatalogType::SCHEMA_ENTRY: return "SCHEMA";
    case CatalogType::VIEW_ENTRY: return "VIEW";
    case CatalogType::INDEX_ENTRY: return "INDEX";
    case CatalogType::PREPARED_STATEMENT: return "PREPARED STATEMENT";
    case CatalogType::SEQUENCE_ENTRY: return "SEQUENCE";
    case CatalogType::TYPE_ENTRY: return "TYPE";
    case CatalogType::DATABASE_ENTRY: return "DATABASE";
    case CatalogType::MACRO_ENTRY:
    case CatalogType::TABLE_MACRO_ENTRY: return "MACRO";
    case CatalogType::SECRET_ENTRY:
    case CatalogType::SECRET_TYPE_ENTRY:
    case CatalogType::SECRET_FUNCTION_ENTRY: return "SECRET";
    case CatalogType::TABLE_FUNCTION_ENTRY:
    case CatalogType::SCALAR_FUNCTION_ENTRY:
    case CatalogType::AGGREGATE_FUNCTION_ENTRY:
    case CatalogType::PRAGMA_FUNCTION_ENTRY:
    case CatalogType::COPY_FUNCTION_ENTRY: return "FUNCTION";
    case CatalogType::COLLATION_ENTRY:
    case CatalogType::COORDINATE_SYSTEM_ENTRY:
    case CatalogType::INVALID:
    case CatalogType::DELETED_ENTRY:
    case CatalogType::RENAMED_ENTRY:
    case CatalogType::DEPENDENCY_ENTRY: return "OTHER OBJECT";
  }
  return "OTHER OBJECT";
}

// SHOW, DESCRIBE and SUMMARIZE are parsed as SELECT from a special table reference.
std::string SelectKind(const native::SelectStatement& select) {
  if (select.node->type != native::QueryNodeType::SELECT_NODE) return "SELECT";
  const auto& from = select.node->Cast<native::SelectNode>().from_table;
  if (from == nullptr || from->type != native::TableReferenceType::SHOW_REF) return "SELECT";
  switch (from->Cast<native::ShowRef>().show_type) {
    case native::ShowType::SUMMARY: return "SUMMARIZE";
    case native::ShowType::DESCRIBE: return "DESCRIBE";
    case native::ShowType::SHOW_FROM:
    case native::ShowType::SHOW_UNQUALIFIED: return "SHOW";
  }
  return "SHOW";
}

std::string CreateKind(const native::CreateStatement& create) {
  std::string kind = "CREATE " + ObjectKind(create.info->type);
  if (create.info->type == CatalogType::TABLE_ENTRY && create.info->Cast<native::CreateTableInfo>().query != nullptr) {
    kind += " AS";
  }
  return kind;
}

std::string KindOf(const native::SQLStatement& statement) {
  switch (statement.type) {
    case StatementType::SELECT_STATEMENT: return SelectKind(statement.Cast<native::SelectStatement>());
    case StatementType::INSERT_STATEMENT: return "INSERT";
    case StatementType::UPDATE_STATEMENT: return "UPDATE";
    case StatementType::DELETE_STATEMENT: return "DELETE";
    case StatementType::MERGE_INTO_STATEMENT: return "MERGE";
    case StatementType::CREATE_STATEMENT: return CreateKind(statement.Cast<native::CreateStatement>());
    case StatementType::DROP_STATEMENT: return "DROP " + ObjectKind(statement.Cast<native::DropStatement>().info->type);
    case StatementType::PREPARE_STATEMENT: return "PREPARE";
    case StatementType::EXECUTE_STATEMENT: return "EXECUTE";
    case StatementType::ALTER_STATEMENT: return "ALTER";
    case StatementType::TRANSACTION_STATEMENT: return "TRANSACTION";
    case StatementType::COPY_STATEMENT: return "COPY";
    case StatementType::COPY_DATABASE_STATEMENT: return "COPY DATABASE";
    case StatementType::ANALYZE_STATEMENT: return "ANALYZE";
    case StatementType::CREATE_FUNC_STATEMENT: return "CREATE MACRO";
    case StatementType::EXPLAIN_STATEMENT: return "EXPLAIN";
    case StatementType::EXPORT_STATEMENT: return "EXPORT";
    case StatementType::PRAGMA_STATEMENT: return "PRAGMA";
    case StatementType::VACUUM_STATEMENT: return "VACUUM";
    case StatementType::CALL_STATEMENT: return "CALL";
    case StatementType::VARIABLE_SET_STATEMENT:
    case StatementType::SET_STATEMENT: return "SET";
    case StatementType::LOAD_STATEMENT: return "LOAD";
    case StatementType::ATTACH_STATEMENT: return "ATTACH";
    case StatementType::DETACH_STATEMENT: return "DETACH";
    case StatementType::UPDATE_EXTENSIONS_STATEMENT: return "UPDATE EXTENSIONS";
    case StatementType::EXTENSION_STATEMENT: return "EXTENSION";
    // Several statements in one, made by the parser itself: PIVOT without a list of values, for instance.
    case StatementType::MULTI_STATEMENT: return "MULTIPLE";
    case StatementType::RELATION_STATEMENT:
    case StatementType::LOGICAL_PLAN_STATEMENT:
    case StatementType::INVALID_STATEMENT: return "INVALID";
  }
  return "INVALID";
}

bool ReturnsRows(const native::SQLStatement& statement, const std::string& kind) {
  if (kind == "INSERT") return !statement.Cast<native::InsertStatement>().returning_list.empty();
  if (kind == "UPDATE") return !statement.Cast<native::UpdateStatement>().returning_list.empty();
  if (kind == "DELETE") return !statement.Cast<native::DeleteStatement>().returning_list.empty();
  if (kind == "MERGE") return !statement.Cast<native::MergeIntoStatement>().returning_list.empty();
  return !(kind.starts_with("CREATE ") || kind.starts_with("DROP ") || kind == "ALTER" || kind == "TRANSACTION" ||
           kind == "SET" || kind == "ATTACH" || kind == "DETACH" || kind == "LOAD" || kind == "COPY");
}

}  // namespace

DuckDbParsedQuery::DuckDbParsedQuery(native::unique_ptr<native::SQLStatement> statement)
    : statement_(std::move(statement)), kind_(KindOf(*statement_)), returns_rows_(ReturnsRows(*statement_, kind_)) {}

std::vector<std::unique_ptr<ParsedQuery>> ParseStatements(const std::string& sql,
                                                          const native::ParserOptions& options) {
  native::Parser parser(options);
  parser.ParseQuery(sql);
  std::vector<std::unique_ptr<ParsedQuery>> queries;
  for (auto& statement : parser.statements) {
    QualifySystemNames(*statement);
    RefuseVersionsOfCtes(*statement);
    queries.push_back(std::make_unique<DuckDbParsedQuery>(std::move(statement)));
  }
  return queries;
}

std::vector<std::string> StatementKinds() {
  std::vector<std::string> kinds = {"SELECT",
                                    "SUMMARIZE",
                                    "DESCRIBE",
                                    "SHOW",
                                    "INSERT",
                                    "UPDATE",
                                    "DELETE",
                                    "MERGE",
                                    "CREATE TABLE AS",
                                    "PREPARE",
                                    "EXECUTE",
                                    "ALTER",
                                    "TRANSACTION",
                                    "COPY",
                                    "COPY DATABASE",
                                    "ANALYZE",
                                    "EXPLAIN",
                                    "EXPORT",
                                    "PRAGMA",
                                    "VACUUM",
                                    "CALL",
                                    "SET",
                                    "LOAD",
                                    "ATTACH",
                                    "DETACH",
                                    "UPDATE EXTENSIONS",
                                    "EXTENSION",
                                    "MULTIPLE",
                                    "INVALID"};
  for (const char* object : {"TABLE", "SCHEMA", "VIEW", "INDEX", "PREPARED STATEMENT", "SEQUENCE", "TYPE", "DATABASE",
                             "MACRO", "SECRET", "FUNCTION", "OTHER OBJECT"}) {
    kinds.push_back(std::string("CREATE ") + object);
    kinds.push_back(std::string("DROP ") + object);
  }
  return kinds;
}

}  // namespace neurolake::engine::duckdb
