#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "plan/table_policy.h"
#include "query/access.h"

namespace neurolake::query {

/// What of its tables a statement was shown when it first found them. It stays true of the rows that it returned.
struct ShownTables {
  std::map<TableId, std::string> policies;  ///< The policy of each, encoded; "null" where all was shown.
  std::map<TableId, std::string> names;     ///< "schema.name".
  std::string purpose;                      ///< That of the statement.
  WallTime since;                           ///< When it began.
};

/// `ctx` with a purpose, if one is said here, and another way to stop than the door's (its client left).
RequestContext ForPurpose(const RequestContext& ctx, const std::string& purpose, std::stop_token stop);

/// What may be seen of a table; null: all of it.
using ShownPolicy = std::shared_ptr<const plan::TablePolicy>;

/// nullopt: the principal may not know of the table. Errors: those of the metadata store.
Result<std::optional<ShownPolicy>> ShownOf(catalog::Catalog& catalog, const RequestContext& ctx, Access& access,
                                           const catalog::TableRecord& table);

/// Whether `ctx.principal()`, asking for the purpose that it has, may still see all of `shown`; a table that was
/// dropped since counts as it was. Errors: kPermissionDenied when a privilege, policy, group or purpose has changed.
Result<void> CheckShown(catalog::Catalog& catalog, const RequestContext& ctx, const ShownTables& shown);

/// Whether nobody was taken out of any of the tables since; else rows of theirs are among what is kept. Errors:
/// kPermissionDenied.
Result<void> CheckNotErased(catalog::Catalog& catalog, const ShownTables& shown);

}  // namespace neurolake::query
