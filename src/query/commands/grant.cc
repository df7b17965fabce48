#include "query/commands/grant.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/access.h"
#include "query/commands/function_grant.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

struct GrantClause {
  std::string effect;                   ///< "grant", "deny" or "revoke".
  std::vector<std::string> privileges;  ///< "select", "modify".
  std::vector<std::string> columns;     ///< Of SELECT on columns, which is the one privilege then.
  std::string kind;                     ///< "lake", "schema" or "relation".
  ObjectName object;                    ///< Of a schema, its name alone.
  std::vector<PolicyGrantee> grantees;
};

class ChangeGrants final : public TableCommand {
 public:
  explicit ChangeGrants(GrantClause clause) : clause_(std::move(clause)) {
    if (clause_.kind == "relation") target_ = clause_.object;
  }
  std::string kind() const override {
    if (clause_.effect == "grant") return "GRANT";
    return clause_.effect == "deny" ? "DENY" : "REVOKE";
  }
  const ObjectName& target() const override { return target_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    const ObjectName object = clause_.kind == "relation" ? context.Qualified(clause_.object) : clause_.object;
    auto privileges = clause_.privileges;
    if (!clause_.columns.empty()) {
      NL_ASSIGN_OR_RETURN(privileges, ColumnPrivileges(context));
    }
    json::array grantees;
    for (const auto& one : clause_.grantees) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
    NL_RETURN_IF_ERROR(AskServer(context, "grant",
                                 {{"effect", clause_.effect},
                                  {"privileges", json::array(privileges.begin(), privileges.end())},
                                  {"kind", clause_.kind},
                                  {"schema", object.schema},
                                  {"name", object.name},
                                  {"grantees", std::move(grantees)}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  /// By what the table's files call the columns, so that renames keep them.
  Result<std::vector<std::string>> ColumnPrivileges(CommandContext& context) const {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(clause_.object));
    std::vector<std::string> privileges;
    for (const std::string& column : clause_.columns) {
      const auto& fields = table.snapshot->schema().fields;
      const auto field =
          std::ranges::find_if(fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, column); });
      if (field == fields.end()) {
        return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {} of {}", column,
                         table.full_name());
      }
      privileges.push_back(std::string(kSelectColumn) + field->physical_name());
    }
    return privileges;
  }

  GrantClause clause_;
  ObjectName target_;
};

/// SHOW GRANTS [ON {LAKE | SCHEMA s | [TABLE | VIEW] t}] [TO grantee].
class ShowGrants final : public TableCommand {
 public:
  ShowGrants(std::string on, ObjectName object, std::vector<PolicyGrantee> to)
      : on_(std::move(on)), object_(std::move(object)), to_(std::move(to)) {}
  std::string kind() const override { return "SHOW GRANTS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    const ObjectName object = on_ == "relation" ? context.Qualified(object_) : object_;
    json::array grantees;
    for (const auto& one : to_) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
    NL_ASSIGN_OR_RETURN(
        auto answer,
        AskServer(
            context, "grants",
            {{"kind", on_}, {"schema", object.schema}, {"name", object.name}, {"grantees", std::move(grantees)}}));
    NL_RETURN_IF_ERROR(NameColumns(context, answer));
    return ResultOfRows(GrantColumns(), answer);
  }

 private:
  /// Grants keep what files call a column; its name now is in the table's log. Of a table that may not be read, or not
  /// any more, it stays as it is.
  static Result<void> NameColumns(CommandContext& context, json::object& answer) {
    const auto* columns = answer.if_contains("columns");
    auto* rows = answer.if_contains("rows");
    if (columns == nullptr || !columns->is_array() || rows == nullptr || !rows->is_array()) return BadMember("columns");
    for (const auto& one : columns->get_array()) {
      if (!one.is_array() || one.get_array().size() != 4 || !one.at(0).is_int64()) return BadMember("columns");
      const auto at = static_cast<size_t>(one.at(0).get_int64());
      if (at >= rows->get_array().size() || !rows->at(at).is_array()) return BadMember("columns");
      const auto table =
          context.Open({.schema = std::string(one.at(1).as_string()), .name = std::string(one.at(2).as_string())});
      if (!table) continue;
      for (const auto& field : table->snapshot->schema().fields) {
        if (field.physical_name() != one.at(3).as_string()) continue;
        rows->at(at).as_array().at(3) = "select (" + field.name + ")";
      }
    }
    return {};
  }

  std::string on_;
  ObjectName object_;
  std::vector<PolicyGrantee> to_;
  ObjectName target_;
};

/// ALTER TABLE and ALTER VIEW … [SET] OWNER TO user.
class ChangeOwner final : public TableCommand {
 public:
  ChangeOwner(ObjectName object, bool is_view, std::string owner)
      : object_(std::move(object)), is_view_(is_view), owner_(std::move(owner)) {}
  std::string kind() const override { return "ALTER OWNER"; }
  const ObjectName& target() const override { return object_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    const ObjectName object = context.Qualified(object_);
    NL_RETURN_IF_ERROR(
        AskServer(context, "set_owner",
                  {{"schema", object.schema}, {"name", object.name}, {"is_view", is_view_}, {"owner", owner_}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  ObjectName object_;
  bool is_view_;
  std::string owner_;
};

Result<std::vector<std::string>> ParsePrivileges(TokenCursor& cursor) {
  if (cursor.AcceptWord("all")) {
    cursor.AcceptWord("privileges");
    return std::vector<std::string>{"select", "modify"};
  }
  std::vector<std::string> privileges;
  do {
    if (cursor.AcceptWord("select")) {
      privileges.emplace_back("select");
    } else if (cursor.AcceptWord("modify")) {
      privileges.emplace_back("modify");
    } else {
      return cursor.Unexpected("SELECT, MODIFY, EXECUTE ON FUNCTION or ALL PRIVILEGES");
    }
  } while (cursor.AcceptSymbol(","));
  return privileges;
}

/// `LAKE`, `SCHEMA s` or `[TABLE | VIEW] t`; returns which kind it is.
Result<std::string> ParseSecurable(TokenCursor& cursor, ObjectName& object) {
  if (cursor.AcceptWord("lake")) return std::string("lake");
  if (cursor.AcceptWord("schema")) {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a schema"));
    object.schema = LowerAscii(name);
    return std::string("schema");
  }
  if (!cursor.AcceptWord("table")) cursor.AcceptWord("view");
  NL_ASSIGN_OR_RETURN(object, cursor.ExpectObjectName());
  return std::string("relation");
}

Result<std::shared_ptr<const TableCommand>> ParseShow(TokenCursor cursor) {
  std::string on;
  ObjectName object;
  std::vector<PolicyGrantee> to;
  if (cursor.AcceptWord("on")) {
    NL_ASSIGN_OR_RETURN(on, ParseSecurable(cursor, object));
  }
  if (cursor.AcceptWord("to")) {
    NL_ASSIGN_OR_RETURN(to, ParseGrantees(cursor));
    if (to.size() > 1) return cursor.NotSupported("SHOW GRANTS TO more than one");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ShowGrants>(std::move(on), std::move(object), std::move(to));
}

Result<std::shared_ptr<const TableCommand>> ParseChange(TokenCursor cursor, std::string effect) {
  GrantClause clause;
  clause.effect = std::move(effect);
  NL_ASSIGN_OR_RETURN(clause.privileges, ParsePrivileges(cursor));
  if (cursor.AcceptSymbol("(")) {
    if (clause.privileges != std::vector<std::string>{"select"}) {
      return cursor.NotSupported("a privilege on columns but SELECT alone");
    }
    do {
      NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("a column"));
      clause.columns.push_back(std::move(column));
    } while (cursor.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_ASSIGN_OR_RETURN(clause.kind, ParseSecurable(cursor, clause.object));
  if (!clause.columns.empty() && clause.kind != "relation") return cursor.NotSupported("columns of more than a table");
  NL_RETURN_IF_ERROR(cursor.ExpectWord(clause.effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(clause.grantees, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeGrants>(std::move(clause));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseGrantStatement(TokenCursor cursor) {
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWord(effect)) return ParseChange(cursor, effect);
  }
  if (cursor.AcceptWords({"show", "grants"})) return ParseShow(cursor);
  return nullptr;
}

Result<std::shared_ptr<const TableCommand>> ParseChangeOwner(TokenCursor cursor) {
  const bool is_view = cursor.AcceptWords({"alter", "view"});
  if (!is_view && !cursor.AcceptWords({"alter", "table"})) return nullptr;
  const auto object = cursor.ExpectObjectName();
  if (!object) return nullptr;
  cursor.AcceptWord("set");
  if (!cursor.AcceptWords({"owner", "to"})) return nullptr;
  NL_ASSIGN_OR_RETURN(std::string owner, cursor.ExpectIdentifier("a user"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeOwner>(*object, is_view, std::move(owner));
}

}  // namespace neurolake::query
