#include "query/commands/undrop.h"

#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

class Undrop final : public TableCommand {
 public:
  Undrop(ObjectName table, std::string id) : table_(std::move(table)), id_(std::move(id)) {}
  std::string kind() const override { return "UNDROP"; }
  const ObjectName& target() const override { return table_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    const ObjectName name = context.Qualified(table_);
    NL_ASSIGN_OR_RETURN(const auto answer,
                        AskServer(context, "undrop", {{"schema", name.schema}, {"name", name.name}, {"id", id_}}));
    NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(answer, "schema"));
    NL_ASSIGN_OR_RETURN(const std::string table, StringMember(answer, "name"));
    NL_ASSIGN_OR_RETURN(const std::string id, StringMember(answer, "id"));
    return MakeOwnResult({{"schema_name", "VARCHAR"}, {"table_name", "VARCHAR"}, {"id", "VARCHAR"}},
                         {{schema, table, id}});
  }

 private:
  ObjectName table_;
  std::string id_;  ///< Empty: the last table dropped under the name.
};

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseUndrop(TokenCursor cursor) {
  if (!cursor.AcceptWord("undrop")) return nullptr;
  NL_RETURN_IF_ERROR(cursor.ExpectWord("table"));
  ObjectName table;
  std::string id;
  if (cursor.IsWord("with") && cursor.IsWord("id", 1)) {
    cursor.MoveTo(cursor.index() + 2);
    NL_ASSIGN_OR_RETURN(id, cursor.ExpectString("the id of a dropped table, see system.dropped_tables"));
  } else {
    NL_ASSIGN_OR_RETURN(table, cursor.ExpectObjectName());
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Undrop>(std::move(table), std::move(id));
}

}  // namespace neurolake::query
