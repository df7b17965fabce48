// REQUEST, APPROVE, REVOKE and SHOW BREAK GLASS: docs/sql/grammar.md, "break glass".
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

class RequestBreakGlass final : public TableCommand {
 public:
  RequestBreakGlass(ObjectName table, int64_t minutes, std::string reason)
      : table_(std::move(table)), minutes_(minutes), reason_(std::move(reason)) {}
  std::string kind() const override { return "REQUEST BREAK GLASS"; }
  const ObjectName& target() const override { return table_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_ASSIGN_OR_RETURN(const auto answer,
                        AskServer(context, "request_break_glass",
                                  {{"table", table.entry.id.value()}, {"minutes", minutes_}, {"reason", reason_}}));
    NL_ASSIGN_OR_RETURN(const std::string id, StringMember(answer, "id"));
    return MakeOwnResult({{"request", "VARCHAR"}, {"table_name", "VARCHAR"}}, {{id, table.full_name()}});
  }

 private:
  ObjectName table_;
  int64_t minutes_;
  std::string reason_;
};

class AnswerBreakGlass final : public TableCommand {
 public:
  AnswerBreakGlass(std::string kind, std::string action, std::string id)
      : kind_(std::move(kind)), action_(std::move(action)), id_(std::move(id)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(AskServer(context, action_, {{"id", id_}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string kind_;
  std::string action_;
  std::string id_;
  ObjectName target_;
};

class ShowBreakGlass final : public TableCommand {
 public:
  std::string kind() const override { return "SHOW BREAK GLASS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "break_glass", {}));
    std::vector<OwnColumn> columns;
    for (const char* name : {"request", "schema_name", "table_name", "principal", "reason", "minutes", "requested_at",
                             "approved_by", "expires_at", "ended_by"}) {
      columns.push_back({name, "VARCHAR"});
    }
    return ResultOfRows(columns, answer);
  }

 private:
  ObjectName target_;
};

Result<std::shared_ptr<const TableCommand>> ParseRequest(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectWord("for"));
  NL_ASSIGN_OR_RETURN(const int64_t minutes, cursor.ExpectInteger("a number of minutes"));
  if (!cursor.AcceptWord("minute")) NL_RETURN_IF_ERROR(cursor.ExpectWord("minutes"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("reason"));
  NL_ASSIGN_OR_RETURN(std::string reason, cursor.ExpectString("a reason"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<RequestBreakGlass>(std::move(table), minutes, std::move(reason));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseBreakGlassStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"request", "break", "glass"})) return ParseRequest(cursor);
  if (cursor.AcceptWords({"show", "break", "glass"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowBreakGlass>();
  }
  const bool approve = cursor.AcceptWords({"approve", "break", "glass"});
  if (!approve && !cursor.AcceptWords({"revoke", "break", "glass"})) return nullptr;
  NL_ASSIGN_OR_RETURN(std::string id, cursor.ExpectString("the id of a request"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<AnswerBreakGlass>(approve ? "APPROVE BREAK GLASS" : "REVOKE BREAK GLASS",
                                            approve ? "approve_break_glass" : "end_break_glass", std::move(id));
}

}  // namespace neurolake::query
