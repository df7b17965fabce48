#include "query/commands/data_subject.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/commands/subject_rows.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

/// A column as a declaration names it.
struct NamedColumn {
  ObjectName table;
  std::string column;
  std::string identifier;  ///< Empty: holds the key.
};

Result<json::object> Resolve(CommandContext& context, const NamedColumn& named) {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(named.table));
  for (const auto& field : table.snapshot->schema().fields) {
    if (!EqualsIgnoringCase(field.name, named.column)) continue;
    if (table.snapshot->IsPartitionColumn(field)) {
      return MakeError(ErrorCode::kNotSupported,
                       "a partition column cannot name a data subject: its values stand in the names of directories, "
                       "column: {}.{}",
                       table.full_name(), field.name);
    }
    if (!MayIdentify(field.type)) {
      return MakeError(ErrorCode::kTypeMismatch,
                       "a column that names a data subject has to be of text or whole numbers: {}.{}",
                       table.full_name(), field.name);
    }
    return json::object{{"table", table.entry.id.value()},
                        {"column_id", field.physical_name()},
                        {"column_name", field.name},
                        {"identifier", named.identifier}};
  }
  return MakeError(ErrorCode::kInvalidArgument, "the table has no such column: {}.{}", table.full_name(), named.column);
}

/// CREATE and ALTER: columns become ids here, where tables can be opened.
class DeclareSubject final : public TableCommand {
 public:
  DeclareSubject(std::string kind, std::string action, json::object arguments, std::vector<NamedColumn> add,
                 std::vector<NamedColumn> drop)
      : kind_(std::move(kind)),
        action_(std::move(action)),
        arguments_(std::move(arguments)),
        add_(std::move(add)),
        drop_(std::move(drop)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  // It names columns and tells nothing of rows.
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(context.Authorize(Right::kManage));
    json::object arguments = arguments_;
    const auto resolve = [&](const std::vector<NamedColumn>& named, const char* member) -> Result<void> {
      json::array columns;
      for (const NamedColumn& one : named) {
        NL_ASSIGN_OR_RETURN(auto column, Resolve(context, one));
        columns.emplace_back(std::move(column));
      }
      arguments[member] = std::move(columns);
      return {};
    };
    NL_RETURN_IF_ERROR(resolve(add_, "add"));
    NL_RETURN_IF_ERROR(resolve(drop_, "drop"));
    NL_RETURN_IF_ERROR(AskServer(context, action_, arguments));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string kind_, action_;
  json::object arguments_;
  std::vector<NamedColumn> add_, drop_;
  ObjectName target_;
};

/// What the server alone carries out.
class SubjectCommand final : public TableCommand {
 public:
  SubjectCommand(std::string kind, std::string action, json::object arguments, std::vector<std::string> columns = {})
      : kind_(std::move(kind)), action_(std::move(action)), arguments_(std::move(arguments)) {
    for (std::string& name : columns) columns_.push_back({std::move(name), "VARCHAR"});
  }
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return columns_.empty(); }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    if (columns_.empty()) return MakeRowsChangedResult(-1);
    return ResultOfRows(columns_, answer);
  }

 private:
  std::string kind_, action_;
  json::object arguments_;
  std::vector<OwnColumn> columns_;
  ObjectName target_;
};

Result<std::string> ExpectSubject(TokenCursor& cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a data subject"));
  return LowerAscii(name);
}

/// `[[lake.]schema.]table.column`.
Result<NamedColumn> ExpectColumn(TokenCursor& cursor) {
  std::vector<std::string> parts;
  do {
    NL_ASSIGN_OR_RETURN(std::string part, cursor.ExpectIdentifier("a column, as table.column"));
    parts.push_back(std::move(part));
  } while (cursor.AcceptSymbol("."));
  if (parts.size() == 4 && EqualsIgnoringCase(parts[0], "lake")) parts.erase(parts.begin());
  if (parts.size() < 2 || parts.size() > 3)
    return cursor.Unexpected("a column, as table.column or schema.table.column");
  NamedColumn named;
  named.column = parts.back();
  named.table.name = parts[parts.size() - 2];
  if (parts.size() == 3) named.table.schema = parts[0];
  return named;
}

Result<void> ExpectColumns(TokenCursor& cursor, bool identifiers, std::vector<NamedColumn>& columns) {
  do {
    NL_ASSIGN_OR_RETURN(NamedColumn named, ExpectColumn(cursor));
    if (identifiers) {
      named.identifier = LowerAscii(named.column);
      if (cursor.AcceptWord("as")) {
        NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("what the identifier is called"));
        named.identifier = LowerAscii(name);
      }
    }
    columns.push_back(std::move(named));
  } while (cursor.AcceptSymbol(","));
  return {};
}

Parsed ParseCreate(TokenCursor cursor) {
  const bool if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectSubject(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("key"));
  std::vector<NamedColumn> columns;
  NL_RETURN_IF_ERROR(ExpectColumns(cursor, false, columns));
  if (cursor.AcceptWord("identified")) {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("by"));
    NL_RETURN_IF_ERROR(ExpectColumns(cursor, true, columns));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<DeclareSubject>("CREATE DATA SUBJECT", "create_data_subject",
                                          json::object{{"name", name}, {"if_not_exists", if_not_exists}},
                                          std::move(columns), std::vector<NamedColumn>());
}

Parsed ParseAlter(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectSubject(cursor));
  std::vector<NamedColumn> add, drop;
  if (cursor.AcceptWord("drop")) {
    NL_RETURN_IF_ERROR(ExpectColumns(cursor, false, drop));
  } else {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("add"));
    const bool identifiers = cursor.AcceptWords({"identified", "by"});
    if (!identifiers) NL_RETURN_IF_ERROR(cursor.ExpectWord("key"));
    NL_RETURN_IF_ERROR(ExpectColumns(cursor, identifiers, add));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<DeclareSubject>("ALTER DATA SUBJECT", "alter_data_subject", json::object{{"name", name}},
                                          std::move(add), std::move(drop));
}

Parsed ParseDrop(TokenCursor cursor) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectSubject(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<SubjectCommand>("DROP DATA SUBJECT", "drop_data_subject",
                                          json::object{{"name", name}, {"if_exists", if_exists}});
}

/// Standing behind GRANT, DENY or REVOKE; null where another privilege stands.
Parsed ParseGrant(TokenCursor cursor, const std::string& effect) {
  if (!cursor.AcceptWords({"forget", "on", "data", "subject"})) return nullptr;
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectSubject(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectWord(effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(const auto named, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array grantees;
  for (const auto& one : named) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
  const std::string kind = effect == "grant" ? "GRANT" : effect == "deny" ? "DENY" : "REVOKE";
  return std::make_shared<SubjectCommand>(
      kind, "grant_forget", json::object{{"effect", effect}, {"name", name}, {"grantees", std::move(grantees)}});
}

}  // namespace

Parsed ParseDataSubjectStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"forget", "subject"})) return ParseForget(cursor);
  if (cursor.AcceptWords({"create", "data", "subject"})) return ParseCreate(cursor);
  if (cursor.AcceptWords({"alter", "data", "subject"})) return ParseAlter(cursor);
  if (cursor.AcceptWords({"drop", "data", "subject"})) return ParseDrop(cursor);
  if (cursor.AcceptWords({"show", "data", "subjects"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<SubjectCommand>("SHOW DATA SUBJECTS", "data_subjects", json::object(),
                                            std::vector<std::string>{"name", "columns", "created_by", "created_at"});
  }
  if (cursor.AcceptWords({"show", "data", "subject", "grants"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<SubjectCommand>(
        "SHOW DATA SUBJECT GRANTS", "data_subject_grants", json::object(),
        std::vector<std::string>{"data_subject", "grantee", "effect", "granted_by", "granted_at"});
  }
  if (cursor.AcceptWords({"describe", "data", "subject"})) {
    NL_ASSIGN_OR_RETURN(const std::string name, ExpectSubject(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<SubjectCommand>(
        "DESCRIBE DATA SUBJECT", "describe_data_subject", json::object{{"name", name}},
        std::vector<std::string>{"schema_name", "table_name", "column_name", "holds"});
  }
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWord(effect)) return ParseGrant(cursor, effect);
  }
  return nullptr;
}

}  // namespace neurolake::query
