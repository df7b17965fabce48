// Purposes and attributes of principals: docs/sql/grammar.md, "purposes".
#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Command = Result<std::shared_ptr<const TableCommand>>;

/// A change that is the server's alone.
class ChangeOnServer final : public TableCommand {
 public:
  ChangeOnServer(std::string kind, std::string action, json::object arguments, std::optional<ObjectName> table = {})
      : kind_(std::move(kind)),
        action_(std::move(action)),
        arguments_(std::move(arguments)),
        has_table_(table.has_value()),
        target_(table.value_or(ObjectName{})) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    json::object arguments = arguments_;
    if (has_table_) {
      const ObjectName full = context.Qualified(target_);
      arguments["schema"] = full.schema;
      arguments["name"] = full.name;
    }
    NL_RETURN_IF_ERROR(AskServer(context, action_, arguments));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string kind_;
  std::string action_;
  json::object arguments_;
  bool has_table_;
  ObjectName target_;
};

/// A list of the server's.
class ShowFromServer final : public TableCommand {
 public:
  ShowFromServer(std::string kind, std::string action, json::object arguments, std::vector<OwnColumn> columns)
      : kind_(std::move(kind)),
        action_(std::move(action)),
        arguments_(std::move(arguments)),
        columns_(std::move(columns)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    return ResultOfRows(columns_, answer);
  }

 private:
  std::string kind_;
  std::string action_;
  json::object arguments_;
  std::vector<OwnColumn> columns_;
  ObjectName target_;
};

/// SET and UNSET MINIMUM GROUP SIZE of a table.
class SetMinimumGroup final : public TableCommand {
 public:
  SetMinimumGroup(ObjectName table, std::string purpose, int64_t size, std::string column)
      : table_(std::move(table)), purpose_(std::move(purpose)), size_(size), column_(std::move(column)) {}
  std::string kind() const override { return "ALTER TABLE"; }
  const ObjectName& target() const override { return table_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    std::string physical, label;
    for (const auto& field : table.snapshot->schema().fields) {
      if (column_.empty() || !EqualsIgnoringCase(field.name, column_)) continue;
      physical = field.physical_name();
      label = field.name;
    }
    if (physical.empty() && !column_.empty()) {
      return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {} of {}", column_,
                       table.full_name());
    }
    NL_RETURN_IF_ERROR(AskServer(context, "set_minimum_group",
                                 {{"table", table.entry.id.value()},
                                  {"purpose", purpose_},
                                  {"size", size_},
                                  {"column", physical},
                                  {"label", label}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  ObjectName table_;
  std::string purpose_;
  int64_t size_;
  std::string column_;
};

/// A name, bare or in quotes, in lower case.
Result<std::string> TakeName(TokenCursor& cursor, std::string_view what) {
  if (!cursor.IsString()) {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier(what));
    return LowerAscii(name);
  }
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectString(what));
  return LowerAscii(name);
}

Result<json::array> TakeNames(TokenCursor& cursor, std::string_view what) {
  json::array names;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(const std::string name, TakeName(cursor, what));
    names.emplace_back(name);
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return names;
}

/// CREATE PURPOSE and DROP PURPOSE, standing behind both words.
Command ParseChange(TokenCursor& cursor, bool create) {
  NL_ASSIGN_OR_RETURN(const std::string name, TakeName(cursor, "the name of a purpose"));
  std::string comment;
  if (create && cursor.AcceptWord("comment")) {
    NL_ASSIGN_OR_RETURN(comment, cursor.ExpectString("a comment"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeOnServer>(create ? "CREATE PURPOSE" : "DROP PURPOSE",
                                          create ? "create_purpose" : "drop_purpose",
                                          json::object{{"name", name}, {"comment", comment}});
}

/// GRANT and REVOKE, standing behind USE PURPOSE.
Command ParseGrant(TokenCursor& cursor, bool grant) {
  NL_ASSIGN_OR_RETURN(const std::string name, TakeName(cursor, "the name of a purpose"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord(grant ? "to" : "from"));
  NL_ASSIGN_OR_RETURN(const auto grantees, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array list;
  for (const auto& one : grantees) list.push_back({{"kind", one.kind}, {"name", one.name}});
  return std::make_shared<ChangeOnServer>(
      grant ? "GRANT" : "REVOKE", "grant_purpose",
      json::object{{"name", name}, {"grant", grant}, {"grantees", std::move(list)}});
}

/// `SET ALLOWED PURPOSES (…)` and `UNSET ALLOWED PURPOSES`; nullopt: something else stands here.
Result<std::optional<json::array>> ParseAllowed(TokenCursor& cursor) {
  if (cursor.AcceptWords({"unset", "allowed", "purposes"})) return json::array();
  if (!cursor.AcceptWords({"set", "allowed", "purposes"})) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto names, TakeNames(cursor, "the name of a purpose"));
  return names;
}

struct MinimumGroupClause {
  std::string purpose;
  int64_t size = 0;
  std::string counted;  ///< A column, or of a rule by tag the tag of columns; empty: rows are.
};

/// `SET MINIMUM GROUP SIZE n [OF column | OF COLUMN TAG t] FOR PURPOSE p` and `UNSET MINIMUM GROUP SIZE FOR PURPOSE p`,
/// if one stands here.
Result<std::optional<MinimumGroupClause>> ParseMinimumGroup(TokenCursor& cursor, bool of_tag) {
  const bool unset = cursor.AcceptWords({"unset", "minimum", "group", "size"});
  if (!unset && !cursor.AcceptWords({"set", "minimum", "group", "size"})) return std::nullopt;
  MinimumGroupClause clause;
  if (!unset) {
    NL_ASSIGN_OR_RETURN(clause.size, cursor.ExpectInteger("a number of rows"));
    if (clause.size < 2) return cursor.Unexpected("a number of rows from 2");
    const bool counts = cursor.AcceptWord("of");
    if (counts && !of_tag) {
      NL_ASSIGN_OR_RETURN(clause.counted, cursor.ExpectIdentifier("a column"));
    } else if (counts) {
      // Tables with the tag call whom they are about by different names.
      NL_RETURN_IF_ERROR(cursor.ExpectWord("column"));
      NL_RETURN_IF_ERROR(cursor.ExpectWord("tag"));
      NL_ASSIGN_OR_RETURN(clause.counted, ParseTagName(cursor));
    }
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord("for"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("purpose"));
  NL_ASSIGN_OR_RETURN(clause.purpose, TakeName(cursor, "the name of a purpose"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return clause;
}

Command ParseAllowedOfTable(TokenCursor& cursor) {
  auto table = cursor.ExpectObjectName();
  // ALTER TABLE says what is wrong with it.
  if (!table.has_value()) return nullptr;
  NL_ASSIGN_OR_RETURN(const auto group, ParseMinimumGroup(cursor, /*of_tag=*/false));
  if (group) return std::make_shared<SetMinimumGroup>(*table, group->purpose, group->size, group->counted);
  NL_ASSIGN_OR_RETURN(auto purposes, ParseAllowed(cursor));
  if (!purposes) return nullptr;
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeOnServer>("ALTER TABLE", "allow_purposes",
                                          json::object{{"tag", ""}, {"purposes", *std::move(purposes)}}, *table);
}

Command ParseAllowedOfTag(TokenCursor& cursor) {
  NL_ASSIGN_OR_RETURN(const std::string tag, ParseTagName(cursor));
  json::value value = nullptr;
  if (cursor.AcceptSymbol("=")) {
    NL_ASSIGN_OR_RETURN(const std::string text, cursor.ExpectString("the value of a tag"));
    value = text;
  }
  NL_ASSIGN_OR_RETURN(const auto group, ParseMinimumGroup(cursor, /*of_tag=*/true));
  if (group) {
    return std::make_shared<ChangeOnServer>("ALTER TAG", "set_minimum_group",
                                            json::object{{"tag", tag},
                                                         {"value", std::move(value)},
                                                         {"purpose", group->purpose},
                                                         {"size", group->size},
                                                         {"entity_tag", group->counted}});
  }
  NL_ASSIGN_OR_RETURN(auto purposes, ParseAllowed(cursor));
  if (!purposes) {
    return cursor.Unexpected("SET or UNSET, and ALLOWED PURPOSES or MINIMUM GROUP SIZE");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeOnServer>(
      "ALTER TAG", "allow_purposes",
      json::object{{"tag", tag}, {"value", std::move(value)}, {"purposes", *std::move(purposes)}});
}

/// ALTER USER, standing behind it.
/// Whatever else is altered of a user, it is another command (users.cc) that says what is wrong with it.
Command ParseAttributes(TokenCursor& cursor) {
  const auto user = TakeName(cursor, "the name of a user");
  if (!user.has_value()) return nullptr;
  json::array set, unset;
  if (cursor.AcceptWords({"unset", "attributes"})) {
    NL_ASSIGN_OR_RETURN(unset, TakeNames(cursor, "the name of an attribute"));
  } else if (!cursor.AcceptWords({"set", "attributes"})) {
    return nullptr;
  } else {
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
    do {
      NL_ASSIGN_OR_RETURN(const std::string name, TakeName(cursor, "the name of an attribute"));
      NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
      NL_ASSIGN_OR_RETURN(const std::string value, cursor.ExpectString("the attribute's value"));
      set.push_back(json::array{name, value});
    } while (cursor.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeOnServer>(
      "ALTER USER", "set_attributes",
      json::object{{"principal", *user}, {"set", std::move(set)}, {"unset", std::move(unset)}});
}

Command ParseShow(TokenCursor& cursor) {
  if (cursor.AcceptWord("purposes")) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowFromServer>(
        "SHOW PURPOSES", "purposes", json::object(),
        std::vector<OwnColumn>{{"purpose", "VARCHAR"}, {"comment", "VARCHAR"}, {"may_use", "VARCHAR"}});
  }
  if (!cursor.AcceptWord("attributes")) return nullptr;
  std::string user;
  if (cursor.AcceptWord("for")) {
    NL_ASSIGN_OR_RETURN(user, TakeName(cursor, "the name of a user"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ShowFromServer>(
      "SHOW ATTRIBUTES", "attributes", json::object{{"principal", user}},
      std::vector<OwnColumn>{{"principal", "VARCHAR"}, {"attribute", "VARCHAR"}, {"value", "VARCHAR"}});
}

}  // namespace

Command ParsePurposeStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "purpose"})) return ParseChange(cursor, /*create=*/true);
  if (cursor.AcceptWords({"drop", "purpose"})) return ParseChange(cursor, /*create=*/false);
  if (cursor.AcceptWords({"grant", "use", "purpose"})) return ParseGrant(cursor, /*grant=*/true);
  if (cursor.AcceptWords({"revoke", "use", "purpose"})) return ParseGrant(cursor, /*grant=*/false);
  if (cursor.AcceptWords({"alter", "tag"})) return ParseAllowedOfTag(cursor);
  if (cursor.AcceptWords({"alter", "user"})) return ParseAttributes(cursor);
  if (cursor.AcceptWords({"alter", "table"})) return ParseAllowedOfTable(cursor);
  if (cursor.AcceptWord("show")) return ParseShow(cursor);
  return nullptr;
}

}  // namespace neurolake::query
