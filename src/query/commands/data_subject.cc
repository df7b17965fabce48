#include "query/commands/data_subject.h"

#include <boost/json/array.hpp>

#include "common/field_path.h"
#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/commands/subject_rows.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/field_places.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::FieldPlace;
using tables::delta::StructField;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

/// A column, or a field inside of one, as a declaration names it.
struct NamedColumn {
  std::vector<std::string> parts;  ///< [schema.]table.column[.field …]
  std::string identifier;          ///< Empty: holds the key.
};

Result<json::object> Declared(const OpenedTable& table, const FieldPlace& place, const NamedColumn& named) {
  const std::string shown = table.full_name() + "." + ShownPath(place.names);
  const StructField& column = *std::ranges::find_if(table.snapshot->schema().fields, [&](const StructField& field) {
    return field.physical_name() == FieldPath(place.physical)[0];
  });
  if (table.snapshot->IsPartitionColumn(column)) {
    return MakeError(ErrorCode::kNotSupported,
                     "a partition column cannot name a data subject: its values stand in the names of directories, "
                     "column: {}",
                     shown);
  }
  if (place.repeated) {
    return MakeError(ErrorCode::kNotSupported,
                     "what is inside of a list or map cannot name a data subject: a row has several, and the rows of "
                     "one would be those of others too: {}",
                     shown);
  }
  if (!MayIdentify(*place.type)) {
    return MakeError(ErrorCode::kTypeMismatch,
                     "a column that names a data subject has to be of text or whole numbers: {}", shown);
  }
  return json::object{{"table", table.entry.id.value()},
                      {"column_id", place.physical},
                      {"column_name", place.names},
                      {"identifier", named.identifier}};
}

/// The first name is of a schema or of a table, whichever has the rest.
Result<json::object> Resolve(CommandContext& context, const NamedColumn& named) {
  std::optional<std::pair<OpenedTable, FieldPlace>> found;
  std::optional<std::string> without;
  for (const size_t schemas : {size_t{0}, size_t{1}}) {
    if (named.parts.size() < schemas + 2) continue;
    const ObjectName name{.schema = schemas == 0 ? "" : LowerAscii(named.parts[0]),
                          .name = LowerAscii(named.parts[schemas])};
    const auto table = context.Open(name);
    if (!table.has_value() && table.error().code() != ErrorCode::kNotFound &&
        table.error().code() != ErrorCode::kSchemaNotFound) {
      return std::unexpected(table.error());
    }
    if (!table.has_value()) continue;
    const std::vector<std::string> path(named.parts.begin() + static_cast<int64_t>(schemas) + 1, named.parts.end());
    auto place = tables::delta::FindPlace(table->snapshot->schema(), path);
    if (!place) {
      without = fmt::format("{}.{}", table->full_name(), fmt::join(path, "."));
    } else if (found) {
      return MakeError(ErrorCode::kInvalidArgument, "two columns could be meant, say the schema and the table: {}, {}",
                       found->first.full_name(), table->full_name());
    } else {
      found = {*table, *place};
    }
  }
  if (found) return Declared(found->first, found->second, named);
  if (without) return MakeError(ErrorCode::kInvalidArgument, "the table has no such column: {}", *without);
  return MakeError(ErrorCode::kNotFound, "the table does not exist or may not be read: {}",
                   fmt::format("{}", fmt::join(named.parts, ".")));
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

/// `[[lake.]schema.]table.column[.field …]`.
Result<NamedColumn> ExpectColumn(TokenCursor& cursor) {
  std::vector<std::string> parts;
  do {
    NL_ASSIGN_OR_RETURN(std::string part, cursor.ExpectIdentifier("a column, as table.column"));
    parts.push_back(std::move(part));
  } while (cursor.AcceptSymbol("."));
  if (parts.size() >= 4 && EqualsIgnoringCase(parts[0], "lake")) parts.erase(parts.begin());
  if (parts.size() < 2) return cursor.Unexpected("a column, as table.column or schema.table.column");
  return NamedColumn{.parts = std::move(parts), .identifier = {}};
}

Result<void> ExpectColumns(TokenCursor& cursor, bool identifiers, std::vector<NamedColumn>& columns) {
  do {
    NL_ASSIGN_OR_RETURN(NamedColumn named, ExpectColumn(cursor));
    if (identifiers) {
      named.identifier = LowerAscii(named.parts.back());
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
