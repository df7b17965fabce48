#include "query/commands/function_grant.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

class ChangeFunctionGrants final : public TableCommand {
 public:
  ChangeFunctionGrants(std::string kind, json::object arguments)
      : kind_(std::move(kind)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(AskServer(context, "grant_function", arguments_));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string kind_;
  json::object arguments_;
  ObjectName target_;
};

class ShowFunctionGrants final : public TableCommand {
 public:
  explicit ShowFunctionGrants(std::string function) : function_(std::move(function)) {}
  std::string kind() const override { return "SHOW GRANTS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "function_grants", {{"function", function_}}));
    return ResultOfRows(GrantColumns(), answer);
  }

 private:
  std::string function_;
  ObjectName target_;
};

Parsed ParseChange(TokenCursor cursor, const std::string& effect) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("function"));
  json::array functions;
  do {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a function"));
    functions.emplace_back(LowerAscii(name));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectWord(effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(const auto named, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array grantees;
  for (const auto& one : named) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
  const std::string kind = effect == "grant" ? "GRANT" : effect == "deny" ? "DENY" : "REVOKE";
  return std::make_shared<ChangeFunctionGrants>(
      kind, json::object{{"effect", effect}, {"functions", std::move(functions)}, {"grantees", std::move(grantees)}});
}

}  // namespace

std::vector<OwnColumn> GrantColumns() {
  return {{"object_kind", "VARCHAR"}, {"object_name", "VARCHAR"}, {"grantee", "VARCHAR"},   {"privilege", "VARCHAR"},
          {"effect", "VARCHAR"},      {"granted_by", "VARCHAR"},  {"granted_at", "VARCHAR"}};
}

Parsed ParseFunctionGrantStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"show", "grants", "on", "function"})) {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a function"));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowFunctionGrants>(LowerAscii(name));
  }
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWords({effect, "execute"})) return ParseChange(cursor, effect);
  }
  return nullptr;
}

}  // namespace neurolake::query
