#include "query/commands/alter_table.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "common/text.h"
#include "query/commands/column_definition.h"
#include "query/commands/compaction.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/layout.h"

namespace neurolake::query {
namespace {

using tables::delta::ColumnPath;
using tables::delta::TableEditor;

Result<OwnResult> Answer(const std::string& operation, std::optional<int64_t> version) {
  return MakeOwnResult({{"operation", "VARCHAR"}, {"version", "BIGINT"}},
                       {{operation, version ? std::optional(fmt::format("{}", *version)) : std::nullopt}});
}

class AlterTable final : public TableCommand {
 public:
  AlterTable(ObjectName table, bool if_exists, std::unique_ptr<const TableAlteration> change)
      : table_(std::move(table)), if_exists_(if_exists), change_(std::move(change)) {}
  std::string kind() const override { return "ALTER TABLE"; }
  const ObjectName& target() const override { return table_; }
  bool needs_memory() const override { return change_->rewrites(); }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(context.Authorize(Right::kCreate));
    NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
    auto table = context.Open(table_);
    if (!table.has_value()) {
      if (if_exists_ && table.error().code() == ErrorCode::kNotFound) return Answer("ALTER TABLE", std::nullopt);
      return std::unexpected(std::move(table).error());
    }
    TableEditor editor(*table->snapshot);
    NL_ASSIGN_OR_RETURN(auto operation, change_->Apply(context, *table, editor));
    NL_RETURN_IF_ERROR(editor.CheckEncryption());
    if (operation.skip) return Answer(operation.name, std::nullopt);
    if (!operation.replaced_columns.empty()) return Rewrite(context, *table, editor, std::move(operation));
    tables::delta::CommitRequest request;
    request.operation = operation.name;
    request.operation_parameters = std::move(operation.parameters);
    const auto& before = *table->snapshot;
    if (ToJsonLine(editor.protocol()) != ToJsonLine(before.protocol())) request.protocol = editor.protocol();
    // Also where only the clustering changed: other writers must see that the table is another.
    request.metadata = editor.metadata();
    request.domains = editor.changed_domains();
    NL_ASSIGN_OR_RETURN(const auto outcome, context.Commit(*table, std::move(request)));
    return Answer(operation.name, outcome.version);
  }

 private:
  /// All files in the version that has the new definition, each on its own: a partition's stay its own.
  static Result<OwnResult> Rewrite(CommandContext& context, const OpenedTable& table, const TableEditor& editor,
                                   AlterOperation operation) {
    Rearrangement rearrangement;
    rearrangement.operation = operation.name;
    rearrangement.parameters = std::move(operation.parameters);
    rearrangement.replaced_columns = std::move(operation.replaced_columns);
    rearrangement.definition = ToJsonLine(editor.protocol()) + "\n" + ToJsonLine(editor.metadata());
    // What the catalogue keeps of the table's values was not made under the new definition.
    rearrangement.before_commit = [&]() -> Result<void> {
      NL_RETURN_IF_ERROR(AskServer(context, "column_rewrite", {{"table", table.entry.id.value()}, {"erase", true}}));
      return {};
    };
    const int64_t target = tables::delta::TargetFileBytes(editor.metadata());
    for (uint32_t i = 0; i < table.snapshot->files().size(); ++i) {
      rearrangement.rewrites.push_back({.files = {i}, .file_bytes = 2 * target});
    }
    NL_ASSIGN_OR_RETURN(const auto outcome, Rearrange(context, table, rearrangement));
    return MakeOwnResult(
        {{"operation", "VARCHAR"}, {"version", "BIGINT"}, {"files_rewritten", "BIGINT"}, {"note", "VARCHAR"}},
        {{operation.name, std::to_string(outcome.version), outcome.Shown(outcome.files_removed), operation.note}});
  }

  ObjectName table_;
  bool if_exists_;
  std::unique_ptr<const TableAlteration> change_;
};

/// The name is the metadata store's alone; the table, its id and its log stay.
class RenameTable final : public TableCommand {
 public:
  RenameTable(ObjectName table, bool if_exists, ObjectName to)
      : table_(std::move(table)), if_exists_(if_exists), to_(std::move(to)) {}
  std::string kind() const override { return "ALTER TABLE"; }
  const ObjectName& target() const override { return table_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(context.Authorize(Right::kCreate));
    const ObjectName from = context.Qualified(table_);
    engine::duckdb::NameChange change;
    change.kind = engine::duckdb::NameChange::Kind::kRenameTable;
    change.schema_name = from.schema;
    change.name = from.name;
    change.new_schema_name = to_.schema.empty() ? from.schema : to_.schema;
    change.new_name = to_.name;
    const auto changed = context.provider().ChangeName(change);
    if (!changed.has_value()) {
      if (!if_exists_ || changed.error().code() != ErrorCode::kNotFound) return std::unexpected(changed.error());
    }
    return Answer("RENAME TABLE", std::nullopt);
  }

 private:
  ObjectName table_;
  bool if_exists_;
  ObjectName to_;
};

class DescribeTable final : public TableAlteration {
 public:
  explicit DescribeTable(std::string text) : text_(std::move(text)) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    editor.SetDescription(text_);
    return AlterOperation{.name = "SET TBLPROPERTIES", .parameters = {{"description", JsonText(text_)}}};
  }

 private:
  std::string text_;
};

class DescribeColumn final : public TableAlteration {
 public:
  DescribeColumn(ColumnPath path, std::optional<std::string> text) : path_(std::move(path)), text_(std::move(text)) {}
  Result<AlterOperation> Apply(CommandContext&, const OpenedTable&, TableEditor& editor) const override {
    NL_RETURN_IF_ERROR(editor.SetComment(path_, text_));
    return AlterOperation{.name = "CHANGE COLUMN",
                          .parameters = {{"column", JsonText(tables::delta::PathText(path_))}}};
  }

 private:
  ColumnPath path_;
  std::optional<std::string> text_;
};

/// A string, or NULL.
Result<std::optional<std::string>> ParseComment(TokenCursor& cursor) {
  if (cursor.AcceptWord("null")) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto text, cursor.ExpectString("a comment"));
  return text;
}

}  // namespace

std::string JsonText(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

Result<std::shared_ptr<const TableCommand>> ParseAlterTable(TokenCursor cursor) {
  if (!cursor.AcceptWords({"alter", "table"})) return nullptr;
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
  if (cursor.AcceptWords({"rename", "to"})) {
    NL_ASSIGN_OR_RETURN(auto to, cursor.ExpectObjectName());
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<RenameTable>(std::move(table), if_exists, std::move(to));
  }
  NL_ASSIGN_OR_RETURN(auto change, ParseAlterRules(cursor));
  if (change == nullptr) {
    NL_ASSIGN_OR_RETURN(change, ParseAlterColumns(cursor));
  }
  if (change == nullptr) {
    return cursor.Unexpected("ADD, ALTER COLUMN, CHANGE COLUMN, RENAME, DROP, SET, UNSET or CLUSTER BY");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<AlterTable>(std::move(table), if_exists, std::move(change));
}

Result<std::shared_ptr<const TableCommand>> ParseCommentOn(TokenCursor cursor) {
  if (!cursor.AcceptWords({"comment", "on"})) return nullptr;
  std::unique_ptr<const TableAlteration> change;
  ObjectName table;
  if (cursor.AcceptWord("table")) {
    NL_ASSIGN_OR_RETURN(table, cursor.ExpectObjectName());
    NL_RETURN_IF_ERROR(cursor.ExpectWord("is"));
    NL_ASSIGN_OR_RETURN(auto text, ParseComment(cursor));
    change = std::make_unique<DescribeTable>(text.value_or(""));
  } else if (cursor.AcceptWord("column")) {
    // schema.table.column, or table.column; a field of a struct is for ALTER COLUMN.
    NL_ASSIGN_OR_RETURN(auto path, ParseColumnPath(cursor));
    if (path.size() == 4 && EqualsIgnoringCase(path[0], "lake")) path.erase(path.begin());
    if (path.size() < 2 || path.size() > 3) return cursor.Unexpected("[schema.]table.column before IS");
    table = {.schema = path.size() == 3 ? LowerAscii(path[0]) : "", .name = LowerAscii(path[path.size() - 2])};
    NL_RETURN_IF_ERROR(cursor.ExpectWord("is"));
    NL_ASSIGN_OR_RETURN(auto text, ParseComment(cursor));
    change = std::make_unique<DescribeColumn>(ColumnPath{path.back()}, std::move(text));
  } else {
    return cursor.NotSupported("COMMENT ON anything but TABLE and COLUMN");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<AlterTable>(std::move(table), /*if_exists=*/false, std::move(change));
}

}  // namespace neurolake::query
