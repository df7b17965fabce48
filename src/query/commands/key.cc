#include "query/commands/key.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

/// A statement about keys, which the server alone carries out.
class KeyCommand : public TableCommand {
 public:
  KeyCommand(std::string kind, std::string action, json::object arguments)
      : kind_(std::move(kind)), action_(std::move(action)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    return Shown(answer);
  }

 private:
  virtual Result<OwnResult> Shown(const json::object&) const { return MakeRowsChangedResult(-1); }

  std::string kind_;
  std::string action_;
  json::object arguments_;
  ObjectName target_;
};

/// ROTATE and REWRAP: one number.
class CountingKeyCommand final : public KeyCommand {
 public:
  CountingKeyCommand(std::string kind, std::string action, json::object arguments, std::string column)
      : KeyCommand(std::move(kind), std::move(action), std::move(arguments)), column_(std::move(column)) {}

 private:
  Result<OwnResult> Shown(const json::object& answer) const override {
    NL_ASSIGN_OR_RETURN(const int64_t number, IntMember(answer, "number"));
    return MakeOwnResult({{column_, "BIGINT"}}, {{std::to_string(number)}});
  }
  std::string column_;
};

class ShowKeys final : public KeyCommand {
 public:
  ShowKeys(std::string kind, std::string action, std::vector<OwnColumn> columns)
      : KeyCommand(std::move(kind), std::move(action), {}), columns_(std::move(columns)) {}
  bool writes() const override { return false; }

 private:
  Result<OwnResult> Shown(const json::object& answer) const override { return ResultOfRows(columns_, answer); }
  std::vector<OwnColumn> columns_;
};

Result<std::string> ExpectKey(TokenCursor& cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a key"));
  return LowerAscii(name);
}

Parsed ParseCreate(TokenCursor cursor) {
  const bool if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectKey(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<KeyCommand>("CREATE KEY", "create_key",
                                      json::object{{"name", name}, {"if_not_exists", if_not_exists}});
}

Parsed ParseDrop(TokenCursor cursor) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectKey(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<KeyCommand>("DROP KEY", "drop_key", json::object{{"name", name}, {"if_exists", if_exists}});
}

Parsed ParseRotate(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectKey(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<CountingKeyCommand>("ROTATE KEY", "rotate_key", json::object{{"name", name}}, "version");
}

Parsed ParseCount(TokenCursor cursor, const char* kind, const char* action) {
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<CountingKeyCommand>(kind, action, json::object(), "keys");
}

Parsed ParseShow(TokenCursor cursor, const char* kind, const char* action, std::vector<std::string> names) {
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  std::vector<OwnColumn> columns;
  for (std::string& name : names) columns.push_back({std::move(name), "VARCHAR"});
  return std::make_shared<ShowKeys>(kind, action, std::move(columns));
}

/// Standing at the first privilege; null where none of a key stands.
Parsed ParseGrant(TokenCursor cursor, const std::string& effect) {
  json::array privileges;
  do {
    if (cursor.AcceptWord("usage")) {
      privileges.emplace_back("usage");
    } else if (cursor.AcceptWord("lookup")) {
      privileges.emplace_back("lookup");
    } else if (cursor.AcceptWord("encrypt")) {
      privileges.emplace_back("encrypt");
    } else if (cursor.AcceptWord("decrypt")) {
      privileges.emplace_back("decrypt");
    } else if (privileges.empty()) {
      return nullptr;
    } else {
      return cursor.Unexpected("USAGE, LOOKUP, ENCRYPT or DECRYPT");
    }
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("key"));
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectKey(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectWord(effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(const auto named, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array grantees;
  for (const auto& one : named) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
  const std::string kind = effect == "grant" ? "GRANT" : effect == "deny" ? "DENY" : "REVOKE";
  return std::make_shared<KeyCommand>(
      kind, "grant_key",
      json::object{
          {"effect", effect}, {"key", name}, {"privileges", std::move(privileges)}, {"grantees", std::move(grantees)}});
}

}  // namespace

Parsed ParseKeyStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "key"})) return ParseCreate(cursor);
  if (cursor.AcceptWords({"drop", "key"})) return ParseDrop(cursor);
  if (cursor.AcceptWords({"rotate", "master", "key"}) && cursor.AtEnd()) {
    return ParseCount(cursor, "ROTATE MASTER KEY", "rotate_master_key");
  }
  if (cursor.AcceptWords({"rotate", "key"})) return ParseRotate(cursor);
  if (cursor.AcceptWords({"rewrap", "keys"})) return ParseCount(cursor, "REWRAP KEYS", "rewrap_keys");
  if (cursor.AcceptWords({"show", "keys"})) {
    return ParseShow(cursor, "SHOW KEYS", "keys",
                     {"key_name", "version", "service", "wrapping_key", "created_by", "created_at"});
  }
  if (cursor.AcceptWords({"show", "key", "grants"})) {
    return ParseShow(cursor, "SHOW KEY GRANTS", "key_grants",
                     {"key_name", "grantee", "privilege", "effect", "granted_by", "granted_at"});
  }
  if (cursor.AcceptWords({"show", "key", "lookups"})) {
    return ParseShow(cursor, "SHOW KEY LOOKUPS", "key_lookups",
                     {"at", "principal", "key_name", "token", "statement_id"});
  }
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWord(effect)) return ParseGrant(cursor, effect);
  }
  return nullptr;
}

}  // namespace neurolake::query
