#include "query/commands/object_grant.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/function_grant.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/object_grants.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

class ChangeObjectGrants final : public TableCommand {
 public:
  ChangeObjectGrants(std::string kind, json::object arguments)
      : kind_(std::move(kind)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(AskServer(context, "grant_object", arguments_));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string kind_;
  json::object arguments_;
  ObjectName target_;
};

class ShowObjectGrantsOn final : public TableCommand {
 public:
  explicit ShowObjectGrantsOn(json::object arguments) : arguments_(std::move(arguments)) {}
  std::string kind() const override { return "SHOW GRANTS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "object_grants", arguments_));
    return ResultOfRows(GrantColumns(), answer);
  }

 private:
  json::object arguments_;
  ObjectName target_;
};

struct Target {
  std::string kind;
  std::vector<std::string> names;  ///< An empty one: all of the kind.
};

/// Behind ON: `MODEL name, …`, `PIPELINE name, …`, `ALL MODELS`, `ALL PIPELINES`. Without a kind: something else, such
/// as a table that is called like one of these words.
Result<Target> ParseTarget(TokenCursor& cursor) {
  Target target;
  for (const std::string_view kind : {catalog::kModelKind, catalog::kPipelineKind}) {
    if (cursor.AcceptWords({"all", fmt::format("{}s", kind)})) return Target{std::string(kind), {""}};
    if (!cursor.IsWord(kind) || !cursor.Has(1) || !cursor.IsIdentifier(1)) continue;
    cursor.Skip();
    target.kind = kind;
    do {
      NL_ASSIGN_OR_RETURN(std::string name, cursor.ExpectIdentifier("the name of a model or pipeline"));
      target.names.push_back(std::move(name));
    } while (cursor.AcceptSymbol(","));
    return target;
  }
  return target;
}

std::vector<std::string> PrivilegesOf(const std::string& kind) {
  if (kind == catalog::kModelKind) return {"execute"};
  return {"execute", "modify", "ownership"};
}

/// Null: a statement on something else.
Parsed ParseChange(TokenCursor cursor, const std::string& effect) {
  std::vector<std::string> privileges;
  const bool all = cursor.AcceptWord("all");
  if (all) {
    cursor.AcceptWord("privileges");
  } else {
    do {
      bool known = false;
      for (const std::string privilege : {"execute", "modify", "ownership"}) {
        if (known || !cursor.AcceptWord(privilege)) continue;
        privileges.push_back(privilege);
        known = true;
      }
      if (!known) return nullptr;
    } while (cursor.AcceptSymbol(","));
  }
  if (!cursor.AcceptWord("on")) return nullptr;
  NL_ASSIGN_OR_RETURN(const Target target, ParseTarget(cursor));
  if (target.kind.empty()) return nullptr;
  if (all) privileges = PrivilegesOf(target.kind);
  for (const std::string& privilege : privileges) {
    const auto of_kind = PrivilegesOf(target.kind);
    if (std::ranges::find(of_kind, privilege) == of_kind.end()) {
      return cursor.NotSupported(fmt::format("the privilege {} on a {}", privilege, target.kind));
    }
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord(effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(const auto named, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array grantees;
  for (const auto& one : named) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
  return std::make_shared<ChangeObjectGrants>(
      effect == "grant"  ? "GRANT"
      : effect == "deny" ? "DENY"
                         : "REVOKE",
      json::object{{"effect", effect},
                   {"kind", target.kind},
                   {"objects", json::array(target.names.begin(), target.names.end())},
                   {"privileges", json::array(privileges.begin(), privileges.end())},
                   {"grantees", std::move(grantees)}});
}

}  // namespace

Parsed ParseObjectGrantStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"show", "grants", "on"})) {
    NL_ASSIGN_OR_RETURN(const Target target, ParseTarget(cursor));
    if (target.kind.empty()) return nullptr;
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    if (target.names.size() != 1) return cursor.NotSupported("SHOW GRANTS on several objects");
    return std::make_shared<ShowObjectGrantsOn>(json::object{{"kind", target.kind}, {"name", target.names[0]}});
  }
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWord(effect)) return ParseChange(cursor, effect);
  }
  return nullptr;
}

}  // namespace neurolake::query
