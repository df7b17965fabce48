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

class ShowGrants final : public TableCommand {
 public:
  std::string kind() const override { return "SHOW GRANTS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "grants", {}));
    return ResultOfRows(GrantColumns(), answer);
  }

 private:
  ObjectName target_;
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
  if (cursor.AcceptWord("lake")) {
    clause.kind = "lake";
  } else if (cursor.AcceptWord("schema")) {
    clause.kind = "schema";
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a schema"));
    clause.object.schema = LowerAscii(name);
  } else {
    clause.kind = "relation";
    if (!cursor.AcceptWord("table")) cursor.AcceptWord("view");
    NL_ASSIGN_OR_RETURN(clause.object, cursor.ExpectObjectName());
  }
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
  // Those of one object alone are not there yet, which the front parser says.
  if (cursor.AcceptWords({"show", "grants"}) && cursor.AtEnd()) return std::make_shared<ShowGrants>();
  return nullptr;
}

}  // namespace neurolake::query
