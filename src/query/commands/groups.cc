// CREATE, DROP and ALTER GROUP, SHOW GROUPS: docs/sql/grammar.md, "policies".
#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

/// A change to groups, which is the server's alone.
class ChangeGroup final : public TableCommand {
 public:
  ChangeGroup(std::string kind, std::string action, std::string group, std::string member)
      : kind_(std::move(kind)), action_(std::move(action)), group_(std::move(group)), member_(std::move(member)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(AskServer(context, action_, {{"group", group_}, {"member", member_}}));
    return MakeOwnResult({{"group_name", "VARCHAR"}}, {{group_}});
  }

 private:
  std::string kind_;
  std::string action_;
  std::string group_;
  std::string member_;
  ObjectName target_;
};

class ShowGroups final : public TableCommand {
 public:
  std::string kind() const override { return "SHOW GROUPS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "groups", {}));
    return ResultOfRows({{"group_name", "VARCHAR"}, {"member", "VARCHAR"}}, answer);
  }

 private:
  ObjectName target_;
};

Result<std::shared_ptr<const TableCommand>> ParseChange(TokenCursor cursor, std::string kind, std::string action) {
  NL_ASSIGN_OR_RETURN(const std::string group, cursor.ExpectIdentifier("the name of a group"));
  std::string member;
  if (kind == "ALTER GROUP") {
    if (!cursor.AcceptWord("add")) {
      NL_RETURN_IF_ERROR(cursor.ExpectWord("drop"));
      action = "remove_member";
    }
    NL_RETURN_IF_ERROR(cursor.ExpectWord("user"));
    NL_ASSIGN_OR_RETURN(member, cursor.ExpectIdentifier("the name of a user"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeGroup>(std::move(kind), std::move(action), LowerAscii(group), LowerAscii(member));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseGroupStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "group"})) return ParseChange(cursor, "CREATE GROUP", "create_group");
  if (cursor.AcceptWords({"drop", "group"})) return ParseChange(cursor, "DROP GROUP", "drop_group");
  if (cursor.AcceptWords({"alter", "group"})) return ParseChange(cursor, "ALTER GROUP", "add_member");
  if (cursor.AcceptWords({"show", "groups"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowGroups>();
  }
  return nullptr;
}

}  // namespace neurolake::query
