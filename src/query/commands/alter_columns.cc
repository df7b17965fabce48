// ALTER TABLE: what is about columns.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/ids.h"
#include "common/text.h"
#include "query/commands/alter_table.h"
#include "query/commands/column_definition.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/expression.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::ColumnEncryption;
using tables::delta::ColumnPath;
using tables::delta::ColumnPosition;
using tables::delta::Expression;
using tables::delta::PathText;
using tables::delta::StructField;
using tables::delta::TableEditor;

std::string QuotedName(const OpenedTable& table) {
  return QuoteIdentifier(table.entry.schema_name) + "." + QuoteIdentifier(table.entry.table_name);
}

/// A field as Spark puts it into operationParameters.
json::value FieldJson(const StructField& field) {
  tables::delta::DataType holder{.kind = tables::delta::DataType::Kind::kStruct};
  holder.fields.push_back(field);
  return json::parse(SerializeSchema(holder)).at("fields").at(0);
}

Result<ColumnPosition> ParsePosition(TokenCursor& cursor) {
  ColumnPosition position;
  if (cursor.AcceptWord("first")) {
    position.place = ColumnPosition::Place::kFirst;
  } else if (cursor.AcceptWord("after")) {
    position.place = ColumnPosition::Place::kAfter;
    NL_ASSIGN_OR_RETURN(position.after, ParseColumnName(cursor));
  }
  return position;
}

struct NewColumn {
  ColumnPath parent;
  StructField field;
  ColumnPosition position;
  std::optional<EncryptionClause> encryption;
};

/// Of a column that is about to be: the server notes that the table needs the key.
Result<ColumnEncryption> NewEncryption(CommandContext& context, const OpenedTable& table,
                                       const EncryptionClause& clause) {
  NL_ASSIGN_OR_RETURN(const auto answer,
                      AskServer(context, "column_key_use", {{"key", clause.key}, {"table", table.entry.id.value()}}));
  ColumnEncryption encryption{.key_id = {},
                              .key_name = clause.key,
                              .table_id = table.entry.id.value(),
                              .column_id = NewUuid(),
                              .deterministic = clause.deterministic,
                              .type = {}};
  NL_ASSIGN_OR_RETURN(encryption.key_id, StringMember(answer, "id"));
  return encryption;
}

class AddColumns final : public TableAlteration {
 public:
  AddColumns(std::vector<NewColumn> columns, bool if_not_exists)
      : columns_(std::move(columns)), if_not_exists_(if_not_exists) {}

  Result<AlterOperation> Apply(CommandContext& context, const OpenedTable& table, TableEditor& editor) const override {
    json::array added;
    for (const NewColumn& column : columns_) {
      ColumnPath path = column.parent;
      path.push_back(column.field.name);
      if (if_not_exists_ && editor.FindField(path) != nullptr) continue;
      StructField field = column.field;
      if (column.encryption) {
        if (!column.parent.empty()) {
          return MakeError(ErrorCode::kNotSupported, "a field of a struct cannot be encrypted: {}", PathText(path));
        }
        NL_ASSIGN_OR_RETURN(const auto encryption, NewEncryption(context, table, *column.encryption));
        NL_RETURN_IF_ERROR(Encrypt(encryption, field));
      }
      NL_RETURN_IF_ERROR(editor.AddColumn(column.parent, field, column.position));
      json::object described{{"column", FieldJson(field)}};
      if (!column.parent.empty()) described["parent"] = PathText(column.parent);
      added.push_back(std::move(described));
    }
    AlterOperation operation{.name = "ADD COLUMNS", .skip = added.empty()};
    operation.parameters["columns"] = JsonText(json::serialize(added));
    return operation;
  }

 private:
  std::vector<NewColumn> columns_;
  bool if_not_exists_;
};

Result<NewColumn> ParseNewColumn(TokenCursor& cursor) {
  NewColumn column;
  const TokenCursor begin = cursor;
  NL_ASSIGN_OR_RETURN(column.parent, ParseColumnPath(cursor));
  column.field.name = column.parent.back();
  column.parent.pop_back();
  NL_ASSIGN_OR_RETURN(column.field.type, ParseColumnType(cursor));
  NL_ASSIGN_OR_RETURN(auto options, ParseColumnOptions(cursor));
  if (options.default_value) {
    return begin.NotSupported(
        "a DEFAULT of a new column, which the rows that exist would not have (PROTOCOL.md forbids it); "
        "add it, then ALTER COLUMN … SET DEFAULT and UPDATE");
  }
  if (options.generated_as || options.identity) {
    return begin.NotSupported("generated columns of a table that exists; CREATE TABLE has them");
  }
  if (!options.checks.empty()) return begin.NotSupported("CHECK in ADD COLUMN; use ADD CONSTRAINT");
  column.field.nullable = !options.not_null;
  if (options.comment) column.field.metadata["comment"] = JsonText(*options.comment);
  column.encryption = std::move(options.encryption);
  NL_ASSIGN_OR_RETURN(column.position, ParsePosition(cursor));
  return column;
}

class RenameColumn final : public TableAlteration {
 public:
  RenameColumn(ColumnPath path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    NL_RETURN_IF_ERROR(editor.RenameColumn(path_, name_));
    ColumnPath after = path_;
    after.back() = name_;
    return AlterOperation{
        .name = "RENAME COLUMN",
        .parameters = {{"oldColumnPath", JsonText(PathText(path_))}, {"newColumnPath", JsonText(PathText(after))}}};
  }

 private:
  ColumnPath path_;
  std::string name_;
};

class DropColumns final : public TableAlteration {
 public:
  DropColumns(std::vector<ColumnPath> paths, bool if_exists) : paths_(std::move(paths)), if_exists_(if_exists) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    json::array dropped;
    for (const ColumnPath& path : paths_) {
      if (if_exists_ && editor.FindField(path) == nullptr) continue;
      NL_RETURN_IF_ERROR(editor.DropColumn(path));
      dropped.emplace_back(PathText(path));
    }
    AlterOperation operation{.name = "DROP COLUMNS", .skip = dropped.empty()};
    operation.parameters["columns"] = JsonText(json::serialize(dropped));
    return operation;
  }

 private:
  std::vector<ColumnPath> paths_;
  bool if_exists_;
};

/// One thing that ALTER COLUMN or CHANGE COLUMN does to a column.
class ChangeColumn final : public TableAlteration {
 public:
  enum class What : uint8_t {
    kType,
    kSetNotNull,
    kDropNotNull,
    kSetDefault,
    kDropDefault,
    kComment,
    kMove,
    kEncrypt,
    kDecrypt,
    kAll
  };
  struct Change {
    What what = What::kType;
    ColumnPath path;
    tables::delta::DataType type;
    std::string text;  ///< A default or a comment.
    bool has_text = false;
    ColumnPosition position;
    std::string new_name;  ///< CHANGE COLUMN old new …
    EncryptionClause encryption;
  };
  explicit ChangeColumn(Change change) : change_(std::move(change)) {}

  Result<AlterOperation> Apply(CommandContext& context, const OpenedTable& table, TableEditor& editor) const override {
    NL_RETURN_IF_ERROR(Do(context, table, editor));
    ColumnPath path = change_.path;
    AlterOperation operation{.name = "CHANGE COLUMN"};
    if (rewrites() && !table.snapshot->files().empty()) {
      NL_RETURN_IF_ERROR(PutRewrite(context, table, editor, operation));
    }
    if (!change_.new_name.empty()) {
      NL_RETURN_IF_ERROR(editor.RenameColumn(path, change_.new_name));
      path.back() = change_.new_name;
    }
    if (const StructField* field = editor.FindField(path); field != nullptr) {
      operation.parameters["column"] = JsonText(json::serialize(FieldJson(*field)));
    } else {
      operation.parameters["path"] = JsonText(PathText(path));
    }
    return operation;
  }

  bool rewrites() const override { return change_.what == What::kEncrypt || change_.what == What::kDecrypt; }

 private:
  Result<void> Do(CommandContext& context, const OpenedTable& table, TableEditor& editor) const {
    switch (change_.what) {
      case What::kType: return editor.ChangeType(change_.path, change_.type);
      case What::kSetNotNull:
        NL_RETURN_IF_ERROR(CheckNoNull(context, table, editor));
        return editor.SetNullable(change_.path, false);
      case What::kDropNotNull: return editor.SetNullable(change_.path, true);
      case What::kSetDefault: return SetDefault(context, editor);
      case What::kDropDefault:
        NL_RETURN_IF_ERROR(CheckTopLevel("has no default of its own"));
        return editor.SetDefault(change_.path[0], std::nullopt);
      case What::kComment:
        return editor.SetComment(change_.path, change_.has_text ? std::optional(change_.text) : std::nullopt);
      case What::kMove: return editor.MoveColumn(change_.path, change_.position);
      case What::kEncrypt: return EncryptColumn(context, table, editor);
      case What::kDecrypt:
        NL_RETURN_IF_ERROR(CheckTopLevel("is not encrypted by itself"));
        return editor.DecryptColumn(change_.path[0]);
      case What::kAll: break;
    }
    NL_RETURN_IF_ERROR(editor.ChangeType(change_.path, change_.type));
    if (change_.has_text) NL_RETURN_IF_ERROR(editor.SetComment(change_.path, change_.text));
    if (change_.position.place == ColumnPosition::Place::kLast) return {};
    return editor.MoveColumn(change_.path, change_.position);
  }

  Result<void> CheckTopLevel(std::string_view what) const {
    if (change_.path.size() == 1) return {};
    return MakeError(ErrorCode::kNotSupported, "a field of a struct {}: {}", what, PathText(change_.path));
  }

  Result<void> EncryptColumn(CommandContext& context, const OpenedTable& table, TableEditor& editor) const {
    NL_RETURN_IF_ERROR(CheckTopLevel("cannot be encrypted"));
    NL_ASSIGN_OR_RETURN(const auto encryption, NewEncryption(context, table, change_.encryption));
    return editor.EncryptColumn(change_.path[0], encryption);
  }

  /// Rows that exist have the column otherwise.
  Result<void> PutRewrite(CommandContext& context, const OpenedTable& table, const TableEditor& editor,
                          AlterOperation& operation) const {
    NL_RETURN_IF_ERROR(AskServer(context, "column_rewrite", {{"table", table.entry.id.value()}, {"erase", false}}));
    const bool encrypts = change_.what == What::kEncrypt;
    const TableEditor before(*table.snapshot);
    const StructField* cells = (encrypts ? editor : before).FindField(change_.path);
    NL_CHECK(cells != nullptr);
    tables::delta::DataType alone{.kind = tables::delta::DataType::Kind::kStruct};
    alone.fields.push_back(*cells);
    const std::string name = QuoteIdentifier(cells->name);
    operation.replaced_columns = fmt::format("{}({}, {}) AS {}", encrypts ? "encrypted_cell" : "decrypted_cell", name,
                                             QuoteLiteral(SerializeSchema(alone)), name);
    operation.note = encrypts
                         ? "Files of older versions hold the column's values in the clear until VACUUM takes them, "
                           "after delta.deletedFileRetentionDuration; statistics in the log do until its clean-up"
                         : "The column is in the clear from this version on";
    return {};
  }

  Result<void> SetDefault(CommandContext& context, TableEditor& editor) const {
    NL_RETURN_IF_ERROR(CheckTopLevel("has no default of its own"));
    NL_ASSIGN_OR_RETURN(const auto value, Expression::Parse(change_.text, Expression::Dialect::kOurs));
    if (!value.Columns().empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "a default cannot read columns: {}", PathText(change_.path));
    }
    const std::string text = value.ToSpark();
    NL_RETURN_IF_ERROR(editor.SetDefault(change_.path[0], text));
    return CheckDefault(context, editor, text);
  }

  /// Computes the default once, as an INSERT that leaves the column out will.
  Result<void> CheckDefault(CommandContext& context, const TableEditor& editor, const std::string& spark) const {
    const StructField* field = editor.FindField(change_.path);
    NL_CHECK(field != nullptr);
    NL_ASSIGN_OR_RETURN(const auto encryption, EncryptionOf(*field));
    const std::string type = TypeName(encryption ? encryption->type : field->type);
    const auto cast = Expression::Parse(fmt::format("CAST(({}) AS {})", spark, type), Expression::Dialect::kSpark);
    // Structs, lists and maps have no cast in this language; an INSERT judges them.
    if (!cast.has_value()) return {};
    NL_ASSIGN_OR_RETURN(const std::string sql, cast->ToEngine(editor.schema()));
    const auto rows = context.QueryAsUser("SELECT " + sql);
    if (rows.has_value()) return {};
    return MakeError(rows.error().code(), "the default of column {} cannot be of its type {}: {}",
                     PathText(change_.path), type, rows.error().message());
  }

  /// Counts rows where the struct around it is there and it is not.
  Result<void> CheckNoNull(CommandContext& context, const OpenedTable& table, const TableEditor& editor) const {
    if (editor.FindField(change_.path) == nullptr) return {};  // SetNullable says why.
    std::string outer, text;
    ColumnPath walked;
    for (const std::string& name : change_.path) {
      walked.push_back(name);
      const StructField* field = editor.FindField(walked);
      if (field == nullptr || name == "element" || name == "key" || name == "value") {
        return MakeError(ErrorCode::kNotSupported, "SET NOT NULL inside of an array or a map: {}",
                         PathText(change_.path));
      }
      outer = text;
      text = text.empty() ? QuoteIdentifier(field->name)
                          : fmt::format("struct_extract({}, {})", text, QuoteLiteral(field->name));
    }
    const std::string there = outer.empty() ? "" : fmt::format("{} IS NOT NULL AND ", outer);
    NL_ASSIGN_OR_RETURN(const auto rows, context.QueryAsUser(fmt::format("SELECT count(*) FROM {} WHERE {}{} IS NULL",
                                                                         QuotedName(table), there, text)));
    const std::string count = rows.rows.at(0).at(0).value_or("");
    if (count == "0") return {};
    return MakeError(ErrorCode::kNotNullViolation,
                     "rows of table {} are NULL in column {}, so it cannot be NOT NULL: {}", table.full_name(),
                     PathText(change_.path), count);
  }

  Change change_;
};

Result<std::unique_ptr<const TableAlteration>> ParseAdd(TokenCursor& cursor) {
  const bool many = cursor.AcceptWord("columns");
  if (!many) cursor.AcceptWord("column");
  const bool if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  std::vector<NewColumn> columns;
  const bool listed = cursor.AcceptSymbol("(");
  do {
    NL_ASSIGN_OR_RETURN(auto column, ParseNewColumn(cursor));
    columns.push_back(std::move(column));
  } while ((listed || many) && cursor.AcceptSymbol(","));
  if (listed) NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return std::make_unique<AddColumns>(std::move(columns), if_not_exists);
}

Result<std::unique_ptr<const TableAlteration>> ParseDrop(TokenCursor& cursor) {
  const bool many = cursor.AcceptWord("columns");
  if (!many) cursor.AcceptWord("column");
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  std::vector<ColumnPath> paths;
  const bool listed = cursor.AcceptSymbol("(");
  do {
    NL_ASSIGN_OR_RETURN(auto path, ParseColumnPath(cursor));
    paths.push_back(std::move(path));
  } while ((listed || many) && cursor.AcceptSymbol(","));
  if (listed) NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  if (cursor.IsWord("cascade")) return cursor.NotSupported("CASCADE");
  cursor.AcceptWord("restrict");
  return std::make_unique<DropColumns>(std::move(paths), if_exists);
}

Result<std::unique_ptr<const TableAlteration>> ParseAlterColumn(TokenCursor& cursor) {
  using What = ChangeColumn::What;
  ChangeColumn::Change change;
  NL_ASSIGN_OR_RETURN(change.path, ParseColumnPath(cursor));
  if (cursor.AcceptWord("type") || cursor.AcceptWords({"set", "data", "type"})) {
    NL_ASSIGN_OR_RETURN(change.type, ParseColumnType(cursor));
  } else if (cursor.IsWord("sync")) {
    return cursor.NotSupported("SYNC IDENTITY");
  } else if (cursor.AcceptWords({"set", "not", "null"})) {
    change.what = What::kSetNotNull;
  } else if (cursor.AcceptWords({"drop", "not", "null"})) {
    change.what = What::kDropNotNull;
  } else if (cursor.AcceptWords({"set", "default"})) {
    change.what = What::kSetDefault;
    const size_t begin = cursor.Position();
    while (!cursor.AtEnd()) cursor.Skip();
    change.text = cursor.sql().substr(begin);
  } else if (cursor.AcceptWords({"drop", "default"})) {
    change.what = What::kDropDefault;
  } else if (cursor.AcceptWord("comment")) {
    change.what = What::kComment;
    change.has_text = !cursor.AcceptWord("null");
    if (change.has_text) {
      NL_ASSIGN_OR_RETURN(change.text, cursor.ExpectString("a comment"));
    }
  } else if (cursor.IsWord("first") || cursor.IsWord("after")) {
    change.what = What::kMove;
    NL_ASSIGN_OR_RETURN(change.position, ParsePosition(cursor));
  } else if (cursor.AcceptWord("encrypt") || cursor.AcceptWord("encrypted")) {
    change.what = What::kEncrypt;
    NL_ASSIGN_OR_RETURN(change.encryption, ParseEncryption(cursor));
  } else if (cursor.AcceptWord("decrypt")) {
    change.what = What::kDecrypt;
  } else {
    return cursor.Unexpected(
        "TYPE, SET or DROP NOT NULL, SET or DROP DEFAULT, COMMENT, ENCRYPT, DECRYPT, FIRST or AFTER");
  }
  return std::make_unique<ChangeColumn>(std::move(change));
}

/// CHANGE [COLUMN] old new type [COMMENT '…'] [FIRST | AFTER name], or as ALTER COLUMN.
Result<std::unique_ptr<const TableAlteration>> ParseChange(TokenCursor& cursor) {
  cursor.AcceptWord("column");
  TokenCursor probe = cursor;
  ChangeColumn::Change change{.what = ChangeColumn::What::kAll};
  NL_ASSIGN_OR_RETURN(change.path, ParseColumnPath(probe));
  for (const std::string_view word : {"type", "set", "drop", "comment", "first", "after"}) {
    if (probe.IsWord(word)) return ParseAlterColumn(cursor);
  }
  cursor = probe;
  NL_ASSIGN_OR_RETURN(change.new_name, ParseColumnName(cursor));
  NL_ASSIGN_OR_RETURN(change.type, ParseColumnType(cursor));
  if (cursor.AcceptWord("comment")) {
    change.has_text = true;
    NL_ASSIGN_OR_RETURN(change.text, cursor.ExpectString("a comment"));
  }
  NL_ASSIGN_OR_RETURN(change.position, ParsePosition(cursor));
  if (EqualsIgnoringCase(change.new_name, change.path.back())) change.new_name.clear();
  return std::make_unique<ChangeColumn>(std::move(change));
}

}  // namespace

Result<std::unique_ptr<const TableAlteration>> ParseAlterColumns(TokenCursor& cursor) {
  if (cursor.AcceptWord("add")) return ParseAdd(cursor);
  if (cursor.AcceptWord("drop")) return ParseDrop(cursor);
  if (cursor.AcceptWord("rename")) {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("column"));
    NL_ASSIGN_OR_RETURN(auto path, ParseColumnPath(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("to"));
    NL_ASSIGN_OR_RETURN(auto name, ParseColumnName(cursor));
    return std::make_unique<RenameColumn>(std::move(path), std::move(name));
  }
  if (cursor.AcceptWord("alter")) {
    cursor.AcceptWord("column");
    return ParseAlterColumn(cursor);
  }
  if (cursor.AcceptWord("change")) return ParseChange(cursor);
  return nullptr;
}

}  // namespace neurolake::query
