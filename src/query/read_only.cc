#include "query/read_only.h"

#include <algorithm>

#include "governance/allow_list.h"
#include "query/commands/table_command.h"
#include "query/front_parser.h"

namespace neurolake::query {
namespace {

std::unexpected<Error> Refused() {
  return MakeError(ErrorCode::kReadOnly,
                   "this way into the lake is for reading: only queries, EXPLAIN, DESCRIBE and SHOW run");
}

/// What it shows comes from the server by calls of which IsLook says whether they may be made.
bool IsShow(const decltype(FrontStatement::statement)& what) {
  const auto* command = std::get_if<std::shared_ptr<const TableCommand>>(&what);
  return command != nullptr && (*command)->kind().starts_with("SHOW ") && !(*command)->writes();
}

}  // namespace

Principal ReadingAlone(Principal principal) {
  std::erase_if(principal.rights,
                [](Right right) { return right != Right::kRead && right != Right::kAudit && right != Right::kAsk; });
  return principal;
}

Principal ShowingAlone(Principal principal) {
  std::erase_if(principal.rights,
                [](Right right) { return right != Right::kRead && right != Right::kAudit && right != Right::kManage; });
  return principal;
}

bool IsShown(std::string_view action) {
  constexpr std::string_view kShown[] = {"policies", "effective_policy", "show_tag_policies",
                                         "grants",   "function_grants",  "tags",
                                         "groups",   "purposes",         "attributes"};
  return std::ranges::find(kShown, action) != std::end(kShown);
}

bool IsLook(std::string_view method, std::string_view action) {
  // Of stores, what is opened is where tables that were found lie. A token that is looked up is counted and on record.
  constexpr std::string_view kMethods[] = {"schema_exists",  "list_schemas", "find_table",  "find_view",
                                           "list_relations", "authorize",    "system_rows", "open_store"};
  // So are keys of encrypted columns that are read.
  constexpr std::string_view kActions[] = {"lookup_token", "column_keys", "column_cells"};
  if (method == "maintain") return IsShown(action) || std::ranges::find(kActions, action) != std::end(kActions);
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

Result<void> CheckReads(const FrontStatement& statement) {
  const auto& what = statement.statement;
  const bool reads = std::holds_alternative<PassThrough>(what) || std::holds_alternative<Explain>(what) ||
                     std::holds_alternative<DescribeHistory>(what) || std::holds_alternative<DescribeDetail>(what) ||
                     std::holds_alternative<ShowCreateTable>(what) ||
                     std::holds_alternative<ShowTableProperties>(what) || IsShow(what);
  // Those that no single request can have are told so by what comes next.
  const bool nothing = std::holds_alternative<BeginTransaction>(what) ||
                       std::holds_alternative<CommitTransaction>(what) ||
                       std::holds_alternative<RollbackTransaction>(what) || std::holds_alternative<SetSession>(what);
  if (reads || nothing) return {};
  return Refused();
}

Result<void> CheckReads(std::string_view kind) {
  // What nobody may do is said to be that, by the governor.
  const governance::AllowEntry* entry = governance::FindAllowEntry("statement", kind);
  if (entry == nullptr || entry->verdict == governance::Verdict::kDeny) return {};
  if (entry->reason == governance::Reason::kReads || entry->reason == governance::Reason::kSession) return {};
  return Refused();
}

}  // namespace neurolake::query
