// ALTER TABLE: constraints, properties and clustering.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/commands/alter_table.h"
#include "query/commands/column_definition.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/expression.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::ColumnPath;
using tables::delta::Expression;
using tables::delta::PathText;
using tables::delta::TableEditor;

class AddConstraint final : public TableAlteration {
 public:
  explicit AddConstraint(CheckClause check) : check_(std::move(check)) {}

  Result<AlterOperation> Apply(CommandContext& context, const OpenedTable& table, TableEditor& editor) const override {
    NL_ASSIGN_OR_RETURN(const auto condition, Expression::Parse(check_.condition, Expression::Dialect::kOurs));
    if (!condition.IsDeterministic()) {
      return MakeError(ErrorCode::kInvalidArgument, "a constraint cannot depend on time or chance: {}", check_.name);
    }
    NL_ASSIGN_OR_RETURN(const std::string sql, condition.ToEngine(table.snapshot->schema()));
    if (!condition.IsCondition(table.snapshot->schema())) {
      return MakeError(ErrorCode::kTypeMismatch, "a constraint must be true or false: {}", check_.name);
    }
    const std::string spark = condition.ToSpark();
    NL_RETURN_IF_ERROR(editor.AddConstraint(check_.name, spark));
    // A row that comes meanwhile makes the commit a conflict.
    NL_ASSIGN_OR_RETURN(const auto rows,
                        context.QueryAsUser(fmt::format("SELECT count(*) FROM {}.{} WHERE ({}) IS NOT TRUE",
                                                        QuoteIdentifier(table.entry.schema_name),
                                                        QuoteIdentifier(table.entry.table_name), sql)));
    const std::string count = rows.rows.at(0).at(0).value_or("");
    if (count != "0") {
      return MakeError(ErrorCode::kCheckViolation,
                       "rows of table {} do not obey constraint {}, so it was not added: {}", table.full_name(),
                       check_.name, count);
    }
    return AlterOperation{.name = "ADD CONSTRAINT",
                          .parameters = {{"name", JsonText(check_.name)}, {"expr", JsonText(spark)}}};
  }

 private:
  CheckClause check_;
};

class DropConstraint final : public TableAlteration {
 public:
  DropConstraint(std::string name, bool if_exists) : name_(std::move(name)), if_exists_(if_exists) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    AlterOperation operation{.name = "DROP CONSTRAINT", .parameters = {{"name", JsonText(name_)}}};
    operation.skip = if_exists_ && !editor.FindConstraint(name_);
    if (!operation.skip) NL_RETURN_IF_ERROR(editor.DropConstraint(name_));
    return operation;
  }

 private:
  std::string name_;
  bool if_exists_;
};

class SetProperties final : public TableAlteration {
 public:
  explicit SetProperties(std::map<std::string, std::string> properties) : properties_(std::move(properties)) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    NL_RETURN_IF_ERROR(editor.SetProperties(properties_));
    json::object properties;
    for (const auto& [name, value] : properties_) properties[name] = value;
    return AlterOperation{.name = "SET TBLPROPERTIES",
                          .parameters = {{"properties", JsonText(json::serialize(properties))}}};
  }

 private:
  std::map<std::string, std::string> properties_;
};

class UnsetProperties final : public TableAlteration {
 public:
  UnsetProperties(std::vector<std::string> names, bool if_exists) : names_(std::move(names)), if_exists_(if_exists) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    NL_RETURN_IF_ERROR(editor.UnsetProperties(names_, if_exists_));
    const json::array names(names_.begin(), names_.end());
    return AlterOperation{
        .name = "UNSET TBLPROPERTIES",
        .parameters = {{"properties", JsonText(json::serialize(names))}, {"ifExists", if_exists_ ? "true" : "false"}}};
  }

 private:
  std::vector<std::string> names_;
  bool if_exists_;
};

class ClusterBy final : public TableAlteration {
 public:
  explicit ClusterBy(std::vector<ColumnPath> columns) : columns_(std::move(columns)) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable& table, TableEditor& editor) const override {
    NL_ASSIGN_OR_RETURN(const auto before, tables::delta::ReadClusteringColumns(table.snapshot->log().domains));
    NL_RETURN_IF_ERROR(editor.SetClustering(columns_));
    return AlterOperation{.name = "CLUSTER BY",
                          .parameters = {{"oldClusteringColumns", JsonText(Joined(before))},
                                         {"newClusteringColumns", JsonText(Joined(columns_))}}};
  }

 private:
  static std::string Joined(const std::vector<ColumnPath>& columns) {
    std::string text;
    for (const ColumnPath& path : columns) text += (text.empty() ? "" : ",") + PathText(path);
    return text;
  }
  std::vector<ColumnPath> columns_;
};

/// 'a.b', or a.b.
Result<std::string> ParsePropertyName(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a property's name");
  NL_ASSIGN_OR_RETURN(const auto path, ParseColumnPath(cursor));
  return PathText(path);
}

Result<std::string> ParsePropertyValue(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a property's value");
  const bool constant =
      cursor.Has(0) && (cursor.token().kind == TokenKind::kNumber || cursor.IsWord("true") || cursor.IsWord("false"));
  if (!constant) return cursor.Unexpected("a string, a number, TRUE or FALSE");
  std::string value = LowerAscii(cursor.Text());
  cursor.Skip();
  return value;
}

Result<std::unique_ptr<const TableAlteration>> ParseSetProperties(TokenCursor& cursor) {
  std::map<std::string, std::string> properties;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    const TokenCursor begin = cursor;
    NL_ASSIGN_OR_RETURN(auto name, ParsePropertyName(cursor));
    cursor.AcceptSymbol("=");
    NL_ASSIGN_OR_RETURN(auto value, ParsePropertyValue(cursor));
    if (!properties.emplace(name, std::move(value)).second) return begin.Unexpected(fmt::format("{} only once", name));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return std::make_unique<SetProperties>(std::move(properties));
}

Result<std::unique_ptr<const TableAlteration>> ParseUnsetProperties(TokenCursor& cursor) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  std::vector<std::string> names;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(auto name, ParsePropertyName(cursor));
    names.push_back(std::move(name));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return std::make_unique<UnsetProperties>(std::move(names), if_exists);
}

Result<std::unique_ptr<const TableAlteration>> ParseClusterBy(TokenCursor& cursor) {
  std::vector<ColumnPath> columns;
  if (cursor.AcceptWord("none")) return std::make_unique<ClusterBy>(std::move(columns));
  if (cursor.IsWord("auto")) return cursor.NotSupported("CLUSTER BY AUTO");
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(auto path, ParseColumnPath(cursor));
    columns.push_back(std::move(path));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return std::make_unique<ClusterBy>(std::move(columns));
}

}  // namespace

Result<std::unique_ptr<const TableAlteration>> ParseAlterRules(TokenCursor& cursor) {
  if (cursor.IsWord("add") && (cursor.IsWord("constraint", 1) || cursor.IsWord("check", 1))) {
    cursor.Skip();
    const TokenCursor begin = cursor;
    NL_ASSIGN_OR_RETURN(auto check, ParseCheck(cursor));
    if (check.name.empty()) return begin.Unexpected("CONSTRAINT and a name");
    return std::make_unique<AddConstraint>(std::move(check));
  }
  if (cursor.AcceptWords({"drop", "constraint"})) {
    const bool if_exists = cursor.AcceptWords({"if", "exists"});
    NL_ASSIGN_OR_RETURN(auto name, ParseColumnName(cursor));
    return std::make_unique<DropConstraint>(std::move(name), if_exists);
  }
  if (cursor.AcceptWords({"set", "tblproperties"})) return ParseSetProperties(cursor);
  if (cursor.AcceptWords({"unset", "tblproperties"})) return ParseUnsetProperties(cursor);
  if (cursor.AcceptWords({"cluster", "by"}) || cursor.AcceptWords({"set", "cluster", "by"})) {
    return ParseClusterBy(cursor);
  }
  return nullptr;
}

}  // namespace neurolake::query
