#include "engine/duckdb/internal/table_clauses.h"

#include <boost/json.hpp>

#include "common/ids.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_rules.h"
#include "tables/delta/alter.h"
#include "tables/delta/expression.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
using tables::delta::Expression;
using tables::delta::TableEditor;

/// The text of a statement, which must give the same for the same row at any time.
Result<Expression> ParseRule(const std::string& text, std::string_view what) {
  NL_ASSIGN_OR_RETURN(auto expression, Expression::Parse(text, Expression::Dialect::kOurs));
  if (expression.IsDeterministic()) return expression;
  return MakeError(ErrorCode::kInvalidArgument, "{} cannot depend on time or chance", what);
}

std::string Text(const json::object& object, const char* key) { return std::string(object.at(key).as_string()); }

Result<void> ApplyColumn(const json::object& column, TableEditor& editor) {
  const std::string name = Text(column, "name");
  if (column.contains("comment")) NL_RETURN_IF_ERROR(editor.SetComment({name}, Text(column, "comment")));
  const int sources = static_cast<int>(column.contains("default")) + static_cast<int>(column.contains("generated")) +
                      static_cast<int>(column.contains("identity"));
  if (sources > 1) {
    return MakeError(ErrorCode::kInvalidArgument, "a column is only one of DEFAULT, GENERATED and IDENTITY: {}", name);
  }
  if (column.contains("default")) {
    NL_ASSIGN_OR_RETURN(const auto expression, Expression::Parse(Text(column, "default"), Expression::Dialect::kOurs));
    if (!expression.Columns().empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a default cannot read columns: {}", name);
    }
    NL_RETURN_IF_ERROR(editor.SetDefault(name, expression.ToSpark()));
  }
  if (column.contains("generated")) {
    NL_ASSIGN_OR_RETURN(const auto value, ParseRule(Text(column, "generated"), "a generated column"));
    NL_RETURN_IF_ERROR(editor.MakeGenerated(name, value.ToSpark()));
  }
  if (column.contains("identity")) {
    const json::object& identity = column.at("identity").as_object();
    NL_RETURN_IF_ERROR(editor.MakeIdentity(name, identity.at("start").to_number<int64_t>(),
                                           identity.at("step").to_number<int64_t>(), !identity.at("always").as_bool()));
  }
  return {};
}

/// Asks the server for the key, which notes that the table needs it.
Result<void> EncryptColumn(StatementState& state, const json::object& column, const TableId& table,
                           TableEditor& editor) {
  const json::object& clause = column.at("encryption").as_object();
  const json::object question{{"key", clause.at("key")}, {"table", table.value()}};
  NL_ASSIGN_OR_RETURN(const std::string answer, state.provider->Maintain("column_key_use", json::serialize(question)));
  return editor.EncryptColumn(Text(column, "name"), {.key_id = Text(json::parse(answer).as_object(), "id"),
                                                     .key_name = Text(clause, "key"),
                                                     .table_id = table.value(),
                                                     .column_id = NewUuid(),
                                                     .deterministic = clause.at("deterministic").as_bool(),
                                                     .type = {}});
}

/// Last of all, when the other clauses have been checked against the types of the values.
Result<void> EncryptColumns(StatementState& state, const json::object& clauses, const TableId& table,
                            TableEditor& editor) {
  const auto* columns = clauses.if_contains("columns");
  if (columns == nullptr) return {};
  for (const json::value& column : columns->as_array()) {
    if (!column.as_object().contains("encryption")) continue;
    NL_RETURN_IF_ERROR(EncryptColumn(state, column.as_object(), table, editor));
  }
  return editor.CheckEncryption();
}

Result<void> Apply(const json::object& clauses, TableEditor& editor) {
  if (const auto* columns = clauses.if_contains("columns")) {
    for (const json::value& column : columns->as_array()) NL_RETURN_IF_ERROR(ApplyColumn(column.as_object(), editor));
  }
  if (const auto* checks = clauses.if_contains("checks")) {
    for (const json::value& check : checks->as_array()) {
      const std::string name = Text(check.as_object(), "name");
      NL_ASSIGN_OR_RETURN(const auto condition, ParseRule(Text(check.as_object(), "condition"), "a constraint"));
      NL_RETURN_IF_ERROR(condition.ToEngine(editor.schema()));
      if (!condition.IsCondition(editor.schema())) {
        return MakeError(ErrorCode::kTypeMismatch, "a constraint must be true or false: {}", name);
      }
      NL_RETURN_IF_ERROR(editor.AddConstraint(name, condition.ToSpark()));
    }
  }
  if (const auto* columns = clauses.if_contains("cluster_by"); columns != nullptr && !columns->as_array().empty()) {
    std::vector<tables::delta::ColumnPath> paths;
    for (const json::value& path : columns->as_array()) {
      paths.push_back(json::value_to<tables::delta::ColumnPath>(path));
    }
    NL_RETURN_IF_ERROR(editor.SetClustering(paths));
  }
  return {};
}

}  // namespace

void ApplyClauses(native::ClientContext& context, const std::string& clauses_json, const TableEntry& table,
                  TableMaking& making) {
  TableEditor editor(making.protocol, making.metadata,
                     ValueOrThrow(tables::delta::ParseSchema(making.metadata.schema_string)), {}, /*has_files=*/false);
  try {
    const json::value clauses = json::parse(clauses_json);
    ValueOrThrow(Apply(clauses.as_object(), editor));
    ValueOrThrow(EncryptColumns(StatementState::Get(context), clauses.as_object(), table.id, editor));
  } catch (const boost::system::system_error&) {
    ThrowLakeError(
        Error(ErrorCode::kInvalidArgument,
              fmt::format("an option of CREATE TABLE is not what the front parser writes: {}", kClausesOption)));
  }
  making.protocol = editor.protocol();
  making.metadata = editor.metadata();
  making.domains = editor.changed_domains();
  CheckRules(context, table.table_name, making.metadata, editor.schema());
}

}  // namespace neurolake::engine::duckdb
