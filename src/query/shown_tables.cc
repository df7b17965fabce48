// What of a table a statement is shown, and whether it may still be.
#include "query/shown_tables.h"

#include <boost/json/serialize.hpp>

#include "catalog/data_subjects.h"
#include "common/text.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/policy_messages.h"
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

/// Of an agent whom it acts for, too.
Result<void> CheckNotDisabled(catalog::Catalog& catalog, const Principal& principal) {
  for (const Principal* one = &principal; one != nullptr; one = one->on_behalf_of.get()) {
    NL_ASSIGN_OR_RETURN(const auto record, catalog.identities().FindPrincipal(one->name));
    if (!record || record->id != one->id || !record->disabled) continue;
    return MakeError(ErrorCode::kPermissionDenied, "the principal has been disabled");
  }
  return {};
}

}  // namespace

RequestContext ForPurpose(const RequestContext& ctx, const std::string& purpose, std::stop_token stop) {
  Principal principal = ctx.principal();
  if (!purpose.empty()) principal.purpose = LowerAscii(purpose);
  return {std::move(principal), ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(), std::move(stop)};
}

Result<std::optional<ShownPolicy>> ShownOf(catalog::Catalog& catalog, const RequestContext& ctx, Access& access,
                                           const catalog::TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const bool reads, access.May(Privilege::kSelect, table));
  NL_ASSIGN_OR_RETURN(const bool writes, access.May(Privilege::kModify, table));
  NL_ASSIGN_OR_RETURN(const auto columns, access.Columns(table));
  const bool reads_any = reads || !columns.granted.empty();
  if (!reads_any && !writes) return std::optional<ShownPolicy>();
  // What is written was read, or may be: who may do both is bound by what is decided of either.
  auto policy = reads_any && writes
                    ? PolicyFor(catalog, ctx, table, {Privilege::kSelect, Privilege::kModify})
                    : PolicyFor(catalog, ctx, table, {reads_any ? Privilege::kSelect : Privilege::kModify});
  NL_ASSIGN_OR_RETURN(ShownPolicy shown, std::move(policy));
  if (!reads_any) {
    shown = WithoutRows(shown);
  } else if (!reads || !columns.denied.empty()) {
    shown = WithColumns(shown, reads, columns);
  }
  return std::optional<ShownPolicy>(std::move(shown));
}

Result<void> CheckShown(catalog::Catalog& catalog, const RequestContext& ctx, const ShownTables& shown) {
  NL_RETURN_IF_ERROR(CheckNotDisabled(catalog, ctx.principal()));
  NL_RETURN_IF_ERROR(CheckPurpose(catalog, ctx.principal(), ctx.principal().purpose));
  Access access(catalog, ctx);
  for (const auto& [id, before] : shown.policies) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(id));
    // What was dropped meanwhile is read to its end.
    if (!table) continue;
    NL_ASSIGN_OR_RETURN(const auto now, ShownOf(catalog, ctx, access, *table));
    if (now && boost::json::serialize(EncodePolicy(*now)) == before) continue;
    const auto names = shown.names.find(id);
    return MakeError(ErrorCode::kPermissionDenied,
                     "what you may see of a table changed since the statement began, run it again: {}",
                     names == shown.names.end() ? "" : names->second);
  }
  return {};
}

Result<void> CheckNotErased(catalog::Catalog& catalog, const ShownTables& shown) {
  NL_ASSIGN_OR_RETURN(const auto erasures, catalog.data_subjects().ErasuresSince(shown.since));
  for (const auto& erasure : erasures) {
    NL_ASSIGN_OR_RETURN(const auto report, ParseObject(erasure.report));
    const auto* tables = report.if_contains("tables");
    if (tables == nullptr || !tables->is_object()) continue;
    for (const auto& [id, name] : shown.names) {
      if (!tables->get_object().contains(id.value())) continue;
      return MakeError(ErrorCode::kPermissionDenied,
                       "somebody was erased from a table since the statement began, run it again: {}", name);
    }
  }
  return {};
}

}  // namespace neurolake::query
