// What of a table a statement is shown, and whether it may still be.
#include <boost/json/serialize.hpp>

#include "common/log.h"
#include "common/text.h"
#include "query/break_glass_actions.h"
#include "query/key_store.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/policy_messages.h"
#include "query/provider_server.h"
#include "query/tag_actions.h"

namespace neurolake::query {
namespace {

/// For who may write and not read: no row of the table is seen, and any that its policies let through may be written.
std::shared_ptr<const plan::TablePolicy> WithoutRows(const std::shared_ptr<const plan::TablePolicy>& policy) {
  auto hidden =
      policy == nullptr ? std::make_shared<plan::TablePolicy>() : std::make_shared<plan::TablePolicy>(*policy);
  if (!hidden->filters_rows) hidden->permissive_checks = {{.policy = "MODIFY", .sql = "true", .columns = {}}};
  hidden->filters_rows = true;
  hidden->permissive.clear();
  return hidden;
}

/// For who may read some of the columns.
std::shared_ptr<const plan::TablePolicy> WithColumns(const std::shared_ptr<const plan::TablePolicy>& policy,
                                                     bool reads_table, const Access::ColumnRights& columns) {
  auto limited =
      policy == nullptr ? std::make_shared<plan::TablePolicy>() : std::make_shared<plan::TablePolicy>(*policy);
  if (!reads_table) limited->readable_columns = columns.granted;
  limited->denied_columns = columns.denied;
  return limited;
}

}  // namespace

Result<std::optional<ProviderServer::Shown>> ProviderServer::ShownOf(Access& access,
                                                                     const catalog::TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const bool reads, access.May(Privilege::kSelect, table));
  NL_ASSIGN_OR_RETURN(const bool writes, access.May(Privilege::kModify, table));
  NL_ASSIGN_OR_RETURN(const auto columns, access.Columns(table));
  const bool reads_any = reads || !columns.granted.empty();
  if (!reads_any && !writes) return std::optional<Shown>();
  // What is written was read, or may be: who may do both is bound by what is decided of either.
  auto policy = reads_any && writes
                    ? PolicyFor(catalog_, ctx_, table, {Privilege::kSelect, Privilege::kModify})
                    : PolicyFor(catalog_, ctx_, table, {reads_any ? Privilege::kSelect : Privilege::kModify});
  NL_ASSIGN_OR_RETURN(Shown shown, std::move(policy));
  if (!reads_any) {
    shown = WithoutRows(shown);
  } else if (!reads || !columns.denied.empty()) {
    shown = WithColumns(shown, reads, columns);
  }
  return std::optional<Shown>(std::move(shown));
}

void ProviderServer::NoteShown(const TableId& table, const Shown& shown) {
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

Result<ProviderServer::Shown> ProviderServer::WithKeys(Shown shown) {
  if (shown == nullptr) return shown;
  const auto names = KeysOf(*shown);
  if (names.empty()) return shown;
  if (keys_ == nullptr) return MakeError(ErrorCode::kInternal, "a policy names keys where there are none");
  auto with_keys = std::make_shared<plan::TablePolicy>(*shown);
  NL_ASSIGN_OR_RETURN(with_keys->context.keys, keys_->Open(ctx_, names));
  return Shown(std::move(with_keys));
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

Result<void> ProviderServer::CheckNotDisabled() {
  for (const Principal* one = &ctx_.principal(); one != nullptr; one = one->on_behalf_of.get()) {
    NL_ASSIGN_OR_RETURN(const auto record, catalog_.identities().FindPrincipal(one->name));
    if (!record || record->id != one->id || !record->disabled) continue;
    return MakeError(ErrorCode::kPermissionDenied, "the principal was disabled while the statement ran");
  }
  return {};
}

Result<void> ProviderServer::CheckStillShown() {
  /// Short for people, and long beside what a look costs.
  constexpr std::chrono::milliseconds kEvery{200};
  const SteadyTime now = ctx_.clock().SteadyNow();
  // What has been done is answered.
  if (shown_.empty() || committed_version_ || now - shown_checked_ < kEvery) return {};
  shown_checked_ = now;
  NL_RETURN_IF_ERROR(CheckNotDisabled());
  NL_RETURN_IF_ERROR(CheckPurpose(catalog_, ctx_.principal(), ctx_.principal().purpose));
  // One of its own: the statement's keeps what it has read.
  Access access(catalog_, ctx_);
  for (const auto& [id, before] : shown_) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(id));
    // What was dropped meanwhile is read to its end.
    if (!table) continue;
    NL_ASSIGN_OR_RETURN(const auto shown, ShownOf(access, *table));
    if (shown && boost::json::serialize(EncodePolicy(*shown)) == before) continue;
    return MakeError(ErrorCode::kPermissionDenied,
                     "what you may see of a table changed while the statement ran, run it again: {}",
                     effects_.found[id]);
  }
  return {};
}

}  // namespace neurolake::query
