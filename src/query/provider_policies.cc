// What of its tables a statement was shown, on record and looked at again while it runs.
#include <boost/json/serialize.hpp>

#include "common/log.h"
#include "common/text.h"
#include "query/break_glass_actions.h"
#include "query/key_store.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/policy_messages.h"
#include "query/provider_server.h"

namespace neurolake::query {

void ProviderServer::NoteShown(const TableId& table, const ShownPolicy& shown) {
  shows_a_part_ = shows_a_part_ || shown != nullptr;
  if (shown_.empty()) shown_checked_ = ctx_.clock().SteadyNow();
  const bool is_new = shown_.emplace(table, boost::json::serialize(EncodePolicy(shown))).second;
  if (is_new && shown != nullptr) NotePolicies(table, *shown);
}

void ProviderServer::NotePolicies(const TableId& table, const plan::TablePolicy& shown) {
  // What a rule says is its version: a replaced one has the same name.
  constexpr size_t kVersionDigits = 16;
  const auto note = [&](const plan::PolicyExpression& rule, const char* kind) {
    deciding_policies_.push_back({.table_id = table.value(),
                                  .name = rule.policy,
                                  .kind = kind,
                                  .version = Sha256Hex(rule.sql).substr(0, kVersionDigits)});
  };
  for (const auto& rule : shown.permissive) note(rule, "permissive");
  for (const auto& rule : shown.restrictive) note(rule, "restrictive");
  for (const auto& mask : shown.masks) note(mask.value, "mask");
  if (shown.filters_rows && shown.permissive.empty()) {
    deciding_policies_.push_back({.table_id = table.value(), .name = {}, .kind = "no rows", .version = {}});
  }
}

Result<void> ProviderServer::NoteBreakGlass(const catalog::TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const auto id, BreakGlassOf(catalog_, ctx_.principal(), table));
  if (!id || !effects_.broke_glass.insert(*id).second) return {};
  deciding_policies_.push_back({.table_id = table.id.value(), .name = *id, .kind = "break glass", .version = {}});
  Log(LogLevel::kWarn, "a statement sees a table past its policies", ctx_.request_id(),
      {{"break_glass", *id},
       {"statement", statement_id_},
       {"principal", ctx_.principal().name},
       {"table", table.schema_name + "." + table.name}});
  return {};
}

Result<ShownPolicy> ProviderServer::WithKeys(ShownPolicy shown) {
  if (shown == nullptr) return shown;
  const auto names = KeysOf(*shown);
  if (names.empty()) return shown;
  if (keys_ == nullptr) return MakeError(ErrorCode::kInternal, "a policy names keys where there are none");
  auto with_keys = std::make_shared<plan::TablePolicy>(*shown);
  NL_ASSIGN_OR_RETURN(with_keys->context.keys, keys_->Open(ctx_, names));
  return ShownPolicy(std::move(with_keys));
}

Result<void> ProviderServer::CheckMayReplace(const catalog::TableRecord& table) {
  NL_RETURN_IF_ERROR(RequireModify(table));
  return table.has_policies ? RequireSteward(ctx_.principal(), table) : Result<void>();
}

Result<boost::json::value> ProviderServer::MayModify(const boost::json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kWrite));
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(arguments, "table"));
  const TableId table(std::move(id));
  if (!effects_.found.contains(table)) return Refused("a question about a table that it has not found");
  NL_ASSIGN_OR_RETURN(const auto record, catalog_.FindTable(table));
  if (!record) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
  NL_RETURN_IF_ERROR(RequireModify(*record));
  return boost::json::value(boost::json::object());
}

Result<void> ProviderServer::CheckStillShown() {
  /// Short for people, and long beside what a look costs.
  constexpr std::chrono::milliseconds kEvery{200};
  const SteadyTime now = ctx_.clock().SteadyNow();
  // What has been done is answered.
  if (shown_.empty() || committed_version_ || now - shown_checked_ < kEvery) return {};
  shown_checked_ = now;
  return CheckShown(catalog_, ctx_, shown_tables());
}

}  // namespace neurolake::query
