// CREATE and ALTER of USER, SERVICE ACCOUNT and AGENT, SHOW USERS: docs/sql/grammar.md, "policies".
#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

/// A change to principals, which is the server's alone.
class ChangeUser final : public TableCommand {
 public:
  ChangeUser(std::string kind, std::string action, std::string name, json::object arguments)
      : kind_(std::move(kind)), action_(std::move(action)), name_(std::move(name)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(AskServer(context, action_, arguments_));
    return MakeOwnResult({{"name", "VARCHAR"}}, {{name_}});
  }

 private:
  std::string kind_;
  std::string action_;
  std::string name_;
  json::object arguments_;
  ObjectName target_;
};

class ShowUsers final : public TableCommand {
 public:
  std::string kind() const override { return "SHOW USERS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "users", {}));
    return ResultOfRows({{"name", "VARCHAR"},
                         {"kind", "VARCHAR"},
                         {"role", "VARCHAR"},
                         {"on_behalf_of", "VARCHAR"},
                         {"has_password", "VARCHAR"},
                         {"disabled", "VARCHAR"},
                         {"created", "VARCHAR"}},
                        answer);
  }

 private:
  ObjectName target_;
};

/// A statement's text is kept in the history, and seen by whoever watches the network of who sends it.
Result<void> RefusePassword(const TokenCursor& cursor) {
  if (cursor.AtEnd() || (!cursor.IsWord("password") && !cursor.IsWord("identified") && !cursor.IsWord("with")))
    return {};
  return cursor.NotSupported("a password in a statement; use 'neurolake user password' or /v1/users");
}

Result<std::shared_ptr<const TableCommand>> ParseCreate(TokenCursor cursor, PrincipalKind kind) {
  NL_ASSIGN_OR_RETURN(const std::string given, cursor.ExpectIdentifier("the name of a principal"));
  const std::string name = LowerAscii(given);
  std::string behalf;
  if (kind == PrincipalKind::kAgent) {
    for (const char* word : {"on", "behalf", "of"}) NL_RETURN_IF_ERROR(cursor.ExpectWord(word));
    NL_ASSIGN_OR_RETURN(behalf, cursor.ExpectIdentifier("the name of whom the agent acts for"));
  }
  // What is not said gives nothing: a member has what is granted to it.
  std::string role = "member";
  NL_RETURN_IF_ERROR(RefusePassword(cursor));
  if (cursor.AcceptWord("role")) {
    NL_ASSIGN_OR_RETURN(role, cursor.ExpectIdentifier("a role"));
  }
  NL_RETURN_IF_ERROR(RefusePassword(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  const json::object arguments{
      {"name", name}, {"kind", NameOf(kind)}, {"role", LowerAscii(role)}, {"on_behalf_of", LowerAscii(behalf)}};
  return std::make_shared<ChangeUser>("CREATE USER", "create_user", name, arguments);
}

Result<std::shared_ptr<const TableCommand>> ParseAlter(TokenCursor cursor, PrincipalKind kind) {
  NL_ASSIGN_OR_RETURN(const std::string given, cursor.ExpectIdentifier("the name of a principal"));
  const std::string name = LowerAscii(given);
  NL_RETURN_IF_ERROR(RefusePassword(cursor));
  std::string role;
  std::string state;
  if (cursor.AcceptWord("enable")) {
    state = "enabled";
  } else if (cursor.AcceptWord("disable")) {
    state = "disabled";
  } else if (cursor.AcceptWord("set")) {
    NL_RETURN_IF_ERROR(RefusePassword(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("role"));
    NL_ASSIGN_OR_RETURN(role, cursor.ExpectIdentifier("a role"));
  } else {
    return cursor.Unexpected("ENABLE, DISABLE, SET ROLE or SET ATTRIBUTES");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  const json::object arguments{{"name", name}, {"kind", NameOf(kind)}, {"role", LowerAscii(role)}, {"state", state}};
  return std::make_shared<ChangeUser>("ALTER USER", "alter_user", name, arguments);
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseUserStatement(TokenCursor cursor) {
  using enum PrincipalKind;
  if (cursor.AcceptWords({"show", "users"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowUsers>();
  }
  if (cursor.AcceptWords({"create", "user"})) return ParseCreate(cursor, kUser);
  if (cursor.AcceptWords({"create", "service", "account"})) return ParseCreate(cursor, kServiceAccount);
  if (cursor.AcceptWords({"create", "agent"})) return ParseCreate(cursor, kAgent);
  if (cursor.AcceptWords({"alter", "user"})) return ParseAlter(cursor, kUser);
  if (cursor.AcceptWords({"alter", "service", "account"})) return ParseAlter(cursor, kServiceAccount);
  if (cursor.AcceptWords({"alter", "agent"})) return ParseAlter(cursor, kAgent);
  const bool drops = cursor.AcceptWords({"drop", "user"}) || cursor.AcceptWords({"drop", "service", "account"}) ||
                     cursor.AcceptWords({"drop", "agent"});
  if (drops) {
    return MakeError(
        ErrorCode::kNotSupported,
        "principals are disabled, never dropped, since history and owners name them: ALTER USER … DISABLE");
  }
  return nullptr;
}

}  // namespace neurolake::query
